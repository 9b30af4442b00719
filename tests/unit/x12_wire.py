"""X12 as others write it, for the tests of what reads it: the body's segments as text, the envelopes counted right."""

from collections.abc import Sequence

ISA = "ISA*00*          *00*          *ZZ*CLEARINGHOUSE  *ZZ*1234567893     *261121*1200*^*00501*000000905*0*T*:"


def interchange(code: str, body: Sequence[str], *, end: str = "~\n", acknowledged: Sequence[str] = ()) -> bytes:
    """One transaction; `acknowledged` are TA1 segments before its group."""
    segments = [
        ISA,
        *acknowledged,
        "GS*HI*CLEARINGHOUSE*1234567893*20261121*1200*905*X*005010",
        f"ST*{code}*0001*005010",
        *body,
        f"SE*{len(body) + 2}*0001",
        "GE*1*905",
        "IEA*1*000000905",
    ]
    return "".join(segment + end for segment in segments).encode()


def acknowledgement_only(*acknowledged: str) -> bytes:
    return "".join(f"{segment}~" for segment in (ISA, *acknowledged, "IEA*0*000000905")).encode()
