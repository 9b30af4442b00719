"""What a 271 says beyond status and amounts, as remarks: rejections, other payers, exclusions, limits, plans, messages.

Of another kind of service (dental, vision) it is left out, unless it names another payer.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Final

from firstdose.adapters.payers.x12.benefit import Benefit, benefits_of
from firstdose.adapters.payers.x12.coverage_271 import (
    ACTIVE,
    ANOTHER_PAYER,
    ENDS,
    INACTIVE,
    LIMIT,
    NOT_COVERED,
    dates_of,
    plan_dates,
)
from firstdose.adapters.payers.x12.hierarchy import Level
from firstdose.adapters.payers.x12.rejection import rejections
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.adapters.payers.x12.values import DatePeriod, amount, period, short_text
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark, RemarkKind
from firstdose.domain.sealed_text import LONGEST_PLAIN, LONGEST_SENTENCE

_ASK_THEM: Final = "U"
_MOST_TYPES: Final = 20
_NAMES_SOMEBODY: Final = (RemarkKind.ANOTHER_PAYER, RemarkKind.CONTACT)
_KINDS: Final = {
    ANOTHER_PAYER: RemarkKind.ANOTHER_PAYER,
    LIMIT: RemarkKind.LIMIT,
    INACTIVE: RemarkKind.PLAN,
    _ASK_THEM: RemarkKind.CONTACT,
    **dict.fromkeys(NOT_COVERED, RemarkKind.NOT_COVERED),
    **dict.fromkeys(ACTIVE, RemarkKind.PLAN),
}


def remarks_of_benefits(found: Sequence[Level], codes: Collection[str]) -> tuple[PayerRemark, ...]:
    """`codes` are the procedures that we asked about."""
    return tuple(islice(_remarks(found, codes), MOST_REMARKS))


def rejected(segments: Sequence[Segment], line: int | None = None) -> Iterator[PayerRemark]:
    for one in rejections(segments):
        follow_up = short_text(one.follow_up, 5)
        yield PayerRemark(kind=RemarkKind.REJECTED, where="AAA03", code=one.reason, follow_up=follow_up, line=line)


def messages(segments: Sequence[Segment], line: int | None = None) -> Iterator[PayerRemark]:
    for one in segments:
        if one.tag == "MSG" and (text := sentence(one.value(1))):
            yield PayerRemark(kind=RemarkKind.MESSAGE, where="MSG01", text=text, line=line)


def sentence(text: str) -> str | None:
    """As much of a text as a remark holds."""
    return " ".join(text.split())[:LONGEST_SENTENCE] or None


def _remarks(found: Sequence[Level], codes: Collection[str]) -> Iterator[PayerRemark]:
    for level in found:
        yield from rejected(level.segments)
        for benefit in benefits_of(level):
            if benefit.concerns(codes) or benefit.kind == ANOTHER_PAYER:
                yield from _of(benefit, level)


def _of(benefit: Benefit, level: Level) -> Iterator[PayerRemark]:
    kind = _KINDS.get(benefit.kind)
    if kind is not None and (kind is not RemarkKind.PLAN or benefit.of_the_plan):
        yield _remark(kind, benefit, level)
    yield from messages(benefit.details)


def _remark(kind: RemarkKind, benefit: Benefit, level: Level) -> PayerRemark:
    eb = benefit.eb
    named = next((one for one in benefit.details if one.tag == "NM1"), None) if kind in _NAMES_SOMEBODY else None
    name = " ".join(filter(None, (named.value(4), named.value(3)))) if named else benefit.plan[1]
    dates = dates_of(benefit) or (plan_dates(level) if kind is RemarkKind.PLAN else [])
    return PayerRemark(
        kind=kind,
        where="EB01",
        code=short_text(benefit.kind, 5),
        text=sentence(name),
        about=tuple(filter(None, (short_text(one, 20) for one in benefit.about)))[:_MOST_TYPES],
        number=short_text(named.value(9), LONGEST_PLAIN) if named else None,
        quantity=amount(eb.value(10)),
        unit=short_text(eb.value(9), 5),
        amount=amount(eb.value(7)),
        starts_on=max((days.start for days in _periods(dates, start=True)), default=None),
        ends_on=min((days.end for days in _periods(dates, start=False)), default=None),
    )


def _periods(dates: Sequence[Segment], *, start: bool) -> list[DatePeriod]:
    """Those that tell a start, or else an end: one day alone is either."""
    about = [dtp for dtp in dates if dtp.value(2) == "RD8" or (dtp.value(1) in ENDS) is not start]
    return [days for dtp in about if (days := period(dtp))]
