"""What a 278 response says beyond its decisions, as remarks: rejections, reasons, messages, exchanged services."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from firstdose.adapters.payers.x12.answer_line import ServiceLine
from firstdose.adapters.payers.x12.hierarchy import Level
from firstdose.adapters.payers.x12.information import loinc_codes
from firstdose.adapters.payers.x12.remarks_271 import messages, rejected, sentence
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.adapters.payers.x12.values import amount, period, short_text
from firstdose.domain.authorization.lines import Line
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark, RemarkKind
from firstdose.domain.sealed_text import LONGEST_PLAIN
from firstdose.payer_ports import PayerCase

_REASONS: Final = 3
_NUMBERS_OF_PER: Final = (4, 6, 8)
_UNITS: Final = {"SV1": 4, "SV2": 5, "SV3": 6}


def remarks_of_review(event: Level, services: Sequence[ServiceLine], case: PayerCase) -> tuple[PayerRemark, ...]:
    """Of one event: its own, those of its people, and of its services, each with the line that it answers."""
    said = [*_of_people(event.lineage), *_of_level(event)]
    for service in services:
        line = next((line for line in case.lines if service.is_of(line, case)), None)
        said += [*_of_level(service.level, line), *_service(service, line)]
    return tuple(islice(said, MOST_REMARKS))


def remarks_of_people(found: Iterable[Level]) -> tuple[PayerRemark, ...]:
    """Of a request that was not processed."""
    return tuple(islice(_of_people(found), MOST_REMARKS))


def _of_people(found: Iterable[Level]) -> Iterator[PayerRemark]:
    for level in found:
        yield from rejected(level.segments)
        for per in level.all("PER"):
            yield from _contact(per)


def _of_level(level: Level, line: Line | None = None) -> Iterator[PayerRemark]:
    sequence = line.sequence if line else None
    if sequence is not None:
        yield from rejected(level.segments, sequence)
    for hcr in level.all("HCR"):
        if code := short_text(hcr.value(1), 20):
            yield PayerRemark(kind=RemarkKind.ACTION, where="HCR01", code=code, line=sequence)
        for reason in hcr.repeated(_REASONS):
            if code := short_text(reason, 20):
                yield PayerRemark(kind=RemarkKind.REASON, where="HCR03", code=code, line=sequence)
    yield from messages(level.segments, sequence)
    yield from _wanted(level, sequence)


def _wanted(level: Level, line: int | None) -> Iterator[PayerRemark]:
    """Documents, by LOINC where the payer is that exact, else by the kind of report."""
    for loinc in loinc_codes(level):
        yield PayerRemark(kind=RemarkKind.WANTED, where="HI01", code=loinc, line=line)
    for pwk in level.all("PWK"):
        code, text = short_text(pwk.value(1), 5), sentence(pwk.value(7))
        if code or text:
            where = "PWK07" if text else "PWK01"
            yield PayerRemark(kind=RemarkKind.WANTED, where=where, code=code, text=text, line=line)


def _service(service: ServiceLine, line: Line | None) -> Iterator[PayerRemark]:
    """A service that is another than the one that we asked for, or that we did not ask for at all."""
    for one in service.named:
        code = next(iter(ServiceLine(Level("", (one,))).codes), None)
        if code is None or (line and code == line.code):
            continue
        days = [told for dtp in service.level.all("DTP") if (told := period(dtp))]
        yield PayerRemark(
            kind=RemarkKind.EXCHANGED if line else RemarkKind.ADDED,
            where=f"{one.tag}01",
            about=(code,) if short_text(code, LONGEST_PLAIN) else (),
            quantity=amount(one.value(_UNITS[one.tag])),
            starts_on=max((each.start for each in days), default=None),
            ends_on=min((each.end for each in days), default=None),
            line=line.sequence if line else None,
        )


def _contact(per: Segment) -> Iterator[PayerRemark]:
    for place in _NUMBERS_OF_PER:
        if number := short_text(per.value(place), LONGEST_PLAIN):
            yield PayerRemark(
                kind=RemarkKind.CONTACT,
                where=f"PER{place:02}",
                code=short_text(per.value(place - 1), 5),
                text=sentence(per.value(2)),
                number=number,
            )
