"""How long an HL7 v2 message of 60 segments takes to become a referral, with much in it that does not count."""

from collections.abc import Iterator
from datetime import date
from time import perf_counter

from bench.figures import Report, spread
from desk.intake.parse import parse

_TODAY = date(2026, 11, 27)
_SEGMENTS = 60


async def measure(*, quick: bool) -> Report:
    """Milliseconds of one reading; the requirement is under 20."""
    body = _message().encode()
    took = [_reading(body) for _ in range(20 if quick else 500)]
    return {"segments": _SEGMENTS, "body_bytes": len(body), **spread(took)}


def _reading(body: bytes) -> float:
    begun = perf_counter()
    parse("application/hl7-v2", body, today=_TODAY)
    return perf_counter() - begun


def _message() -> str:
    header = (
        "MSH|^~\\&|EHR|Lakeside General|FIRSTDOSE|PHARMACY|20261120090405-0600||REF^I12|M1|P|2.5.1||||||UNICODE UTF-8"
    )
    segments = [header, *_people(), *_orders()]
    weights = (
        f"OBX|{number}|NM|29463-7^Body weight^LN||{60 + number}|kg|||||{'W' if number % 2 else 'F'}|||202610{number:02}"
        for number in range(1, _SEGMENTS - len(segments) + 1)
    )
    return "\r".join([*segments, *weights])


def _people() -> Iterator[str]:
    yield "RF1||A||||REF-1|20261201"
    yield "PRD|RP|Tester^Morgan|||312-555-0150^WPN^PH~312-555-0151^WPN^FX||77^LOCAL~1489012371^NPI"
    names = "Born^Avery^^^^^M~Sample^Avery^^^^^L~Shown^Avery^^^^^D"
    addresses = "9 Old Road^^Joliet^IL^60432^^BA~1 Example Street^^Chicago^IL^60601^^H"
    yield f"PID|1||||{names}||19610417|F|||{addresses}||312-555-0117^PRN^PH~312-555-0102^PRN^CP"
    for number in range(1, 4):
        yield f"IN1|{number}||PLAN{number}|Plan {number}||||G||||2025010{number}|||commercial||SEL|||||{number}"
    for number in range(1, 11):
        yield f"DG1|{number}||M86.16{number % 10}^Osteomyelitis^I10C|||W|||||||||{number}"
    for number in range(1, 6):
        yield f"AL1|{number}||^Substance {number}||Hives"


def _orders() -> Iterator[str]:
    for number, control in enumerate(("NW", "CA", "NW", "DC"), start=1):
        yield f"ORC|{control}|P{number}"
        yield f"RXO|J337{number}^Drug {number}^HCPCS|{number}||g"
        yield "RXR|IV"
        yield "TQ1|1||Q8H|||42^d"
        yield "NTE|1||As \\T\\ when \\.br\\ the line allows."
