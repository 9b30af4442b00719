"""How the simulated payer reads an interchange, and puts an answer into one.

Written apart from the product's adapter on purpose, so that one cannot hide the other's mistake.
"""

from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from simulator.payer_book import Asking, Filed

_REPLACES = "REPLACES REQUEST "
_APPEALS = {"1", "2"}
_CANCEL = "3"


class Malformed(Exception):
    """What was sent is no interchange that a payer could work on."""


class X12Inquiry(NamedTuple):
    """One service of a 278."""

    trace: str
    code: str
    units: int
    certification: str


class ReceivedX12(NamedTuple):
    """One request, as far as a payer needs it."""

    code: str
    purpose: str
    guide: str
    group: str
    sender: str
    receiver: str
    trace: str
    originator: str
    member_id: str
    birth_date: str
    codes: tuple[str, ...]
    services: tuple[X12Inquiry, ...]
    replaces: str | None

    def filed(self, payer: str, scenario: str, now: datetime) -> Filed:
        certifications = {service.certification for service in self.services}
        return Filed(
            payer=payer,
            trace=self.trace,
            trace_system=self.originator,
            scenario=scenario,
            lines=tuple(
                Asking(sequence=int(service.trace.rpartition("-")[2]), code=service.code, units=service.units)
                for service in self.services
            ),
            appeal=bool(certifications & _APPEALS),
            cancels=self.replaces if certifications == {_CANCEL} else None,
            answered_at=now,
        )


def read(raw: bytes) -> ReceivedX12:
    """Raises Malformed."""
    try:
        text = raw.decode("ascii")
        segments = [segment.split(text[3]) for segment in text.split(text[105]) if segment]
        return _received(segments)
    except (ValueError, LookupError, StopIteration) as error:
        raise Malformed from error


def _received(segments: list[list[str]]) -> ReceivedX12:
    gs, st, bht = (next(one for one in segments if one[0] == tag) for tag in ("GS", "ST", "BHT"))
    trn = next(one for one in segments if one[0] == "TRN")
    names = [one for one in segments if one[0] == "NM1" and one[1] == "IL"]
    born = [one[2] for one in segments if one[0] == "DMG"]
    messages = [one[1] for one in segments if one[0] == "MSG" and one[1].startswith(_REPLACES)]
    return ReceivedX12(
        code=st[1],
        purpose=bht[2],
        guide=st[3],
        group=gs[6],
        sender=gs[2],
        receiver=gs[3],
        trace=trn[2],
        originator=trn[3],
        member_id=names[0][9] if len(names[0]) > 9 else "",
        birth_date=born[-1] if born else "",
        codes=tuple(one[2].split(":")[1] for one in segments if one[0] == "EQ" and len(one) > 2),
        services=tuple(_services(segments)),
        replaces=messages[0].removeprefix(_REPLACES).lower() if messages else None,
    )


def _services(segments: list[list[str]]) -> list[X12Inquiry]:
    """What a service's UM leaves out, its event's says."""
    starts = [place for place, one in enumerate(segments) if one[0] == "HL" and one[3] == "SS"]
    whole = next((one for one in segments if one[0] == "UM"), ["UM", "", ""])
    found = []
    for start, end in pairwise([*starts, len(segments)]):
        own = {one[0]: one for one in segments[start:end]}
        sv1, um = own["SV1"], own.get("UM", whole)
        found.append(X12Inquiry(own["TRN"][2], sv1[1].split(":")[1], int(sv1[4]), um[2] or whole[2]))
    return found


def answered(asked: ReceivedX12, said: list[str], now: datetime) -> bytes:
    """The answer's segments in their envelopes."""
    code, group = ("271", "HB") if asked.code == "270" else ("278", "HI")
    beginning = f"BHT*{'0022' if code == '271' else '0007'}*11*{asked.trace}*{now:%Y%m%d*%H%M}"
    return _interchange(asked, code, asked.guide, group, [beginning, *said], now)


def rejected(raw: bytes, now: datetime) -> bytes:
    """A 999 that rejects the interchange, as far as its group can be seen; what is no interchange at all gets a TA1."""
    text = raw.decode("ascii", errors="replace")
    control = text[90:99] if text.startswith("ISA") and text[90:99].isdecimal() else "000000000"
    asked = ReceivedX12("", "", "", "1", "US", "PAYER", "", "", "", "", (), (), None)
    said = [f"AK1*HI*{int(control)}", "AK2*278*0001", "IK5*R*5", "AK9*R*1*1*0"]
    return _interchange(asked, "999", "005010X231A1", "FA", said, now)


def _interchange(asked: ReceivedX12, code: str, guide: str, group: str, said: list[str], now: datetime) -> bytes:
    control = f"{int(asked.group):09d}"
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{asked.receiver:15}*ZZ*{asked.sender:15}*{now:%y%m%d*%H%M}*^*00501*{control}*0*T*:",
        f"GS*{group}*{asked.receiver}*{asked.sender}*{now:%Y%m%d*%H%M}*{asked.group}*X*{guide}",
        f"ST*{code}*0001*{guide}",
        *said,
        f"SE*{len(said) + 2}*0001",
        f"GE*1*{asked.group}",
        f"IEA*1*{control}",
    ]
    return "".join(f"{segment}~\n" for segment in segments).encode()
