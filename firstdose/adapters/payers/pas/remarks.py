"""What a ClaimResponse says beyond its decisions, as remarks: errors, notes, reasons, exchanges, short periods.

`where` is the element that says it, as FHIR calls it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from firstdose.adapters.payers.pas.answer_line import (
    action_code_of,
    period_of,
    review_actions,
    sequence_of,
    sequences_of,
    units_of,
)
from firstdose.adapters.payers.pas.elements import (
    codes,
    day,
    extensions,
    identifiers,
    in_words,
    money,
    part,
    parts,
    sentence,
    short_text,
    whole,
)
from firstdose.adapters.payers.pas.information import wanted_documents
from firstdose.adapters.payers.pas.references import referred
from firstdose.adapters.payers.pas.terminology import AUTHORIZED_DETAIL, Element
from firstdose.domain.authorization.lines import Line
from firstdose.domain.authorization.requested_period import requested_period
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark, RemarkKind
from firstdose.payer_ports import PayerCase

_PROVIDER: Final = "extension-itemAuthorizedProvider"
_MOST_CODES: Final = 20


def remarks_of_response(
    bundle: Element, response: Element, trace: str | None, case: PayerCase | None
) -> tuple[PayerRemark, ...]:
    """`case` is what was asked for, `trace` its number; without it what was authorized is told, and not compared."""
    return tuple(islice(_remarks(bundle, response, trace, case), MOST_REMARKS))


def errors_of(response: Element) -> Iterator[PayerRemark]:
    """That the request, or a line, was not processed, in a ClaimResponse or a CoverageEligibilityResponse."""
    for error in parts(response, "error"):
        concept = part(error, "code")
        told: list[str | None] = [*codes(concept)]
        for code in told or [None]:
            yield PayerRemark(
                kind=RemarkKind.REJECTED,
                where="error.code",
                code=code,
                text=in_words(concept),
                follow_up=_follow_up(error),
                line=whole(error.get("itemSequence")),
            )
        for place in _of_extensions(error, "errorpath", "errorelement"):
            if text := sentence(place.get("valueString")):
                yield PayerRemark(kind=RemarkKind.MESSAGE, where="error.errorPath", text=text)


def disposition_of(response: Element) -> Iterator[PayerRemark]:
    if text := sentence(response.get("disposition")):
        yield PayerRemark(kind=RemarkKind.MESSAGE, where="disposition", text=text)


def _remarks(bundle: Element, response: Element, trace: str | None, case: PayerCase | None) -> Iterator[PayerRemark]:
    yield from errors_of(response)
    yield from _changes(response, trace, case)
    yield from disposition_of(response)
    yield from _notes(response, trace)
    for wanted in wanted_documents(bundle, response):
        named = wanted.lines[0] if len(wanted.lines) == 1 else None
        yield PayerRemark(
            kind=RemarkKind.WANTED,
            where="CommunicationRequest.payload",
            code=wanted.code,
            text=wanted.words,
            line=named,
        )
    for item in parts(response, "item"):
        yield from _of_item(bundle, response, item, sequence_of(item, trace))


def _changes(response: Element, trace: str | None, case: PayerCase | None) -> Iterator[PayerRemark]:
    """Requested against authorized."""
    lines = {line.sequence: line for line in case.lines} if case else {}
    for added in parts(response, "addItem"):
        yield from _added(added, [lines.get(number) for number in sequences_of(added)], sequences_of(added))
    for item in parts(response, "item"):
        sequence = sequence_of(item, trace)
        line = lines.get(sequence) if sequence is not None else None
        yield from _detail(item, line)
        if line and case:
            yield from _short_of(response, item, line, case)


def _added(added: Element, lines: Sequence[Line | None], named: Sequence[int]) -> Iterator[PayerRemark]:
    """An item beside ours: instead of what we asked for, or more than that."""
    service = part(added, "productOrService")
    told = tuple(codes(service))
    if told and any(line and line.code in told for line in lines):
        return
    known = [line for line in lines if line]
    period = period_of(added) or part(added, "servicedPeriod")
    yield PayerRemark(
        kind=RemarkKind.EXCHANGED if known else RemarkKind.ACTION if named else RemarkKind.ADDED,
        where="addItem.productOrService",
        code=action_code_of(added),
        text=in_words(service),
        about=told[:_MOST_CODES],
        quantity=money(part(added, "quantity").get("value")),
        unit=short_text(part(added, "quantity").get("code"), 5),
        starts_on=day(period.get("start")),
        ends_on=day(period.get("end")),
        line=named[0] if len(named) == 1 else None,
    )


def _detail(item: Element, line: Line | None) -> Iterator[PayerRemark]:
    """Authorized within our item: another service, or less of it than we asked for."""
    if line is None:
        return
    for detail in extensions(item, AUTHORIZED_DETAIL):
        for extension in _of_extensions(detail, "productorservicecode"):
            told = tuple(codes(part(extension, "valueCodeableConcept")))
            if told and line.code not in told:
                text = in_words(part(extension, "valueCodeableConcept"))
                kind, where = RemarkKind.EXCHANGED, "item.authorizedItemDetail"
                yield PayerRemark(kind=kind, where=where, text=text, about=told[:_MOST_CODES], line=line.sequence)
    units = units_of(item)
    if units is not None and units < line.units:
        yield PayerRemark(
            kind=RemarkKind.LIMIT, where="item.authorizedItemDetail", quantity=money(units), line=line.sequence
        )


def _short_of(response: Element, item: Element, line: Line, case: PayerCase) -> Iterator[PayerRemark]:
    """An authorized period that does not hold all the days that we asked for."""
    period, wanted = period_of(item) or part(response, "preAuthPeriod"), requested_period(case.referral.order, line)
    start, end = day(period.get("start")), day(period.get("end"))
    if wanted and ((start and start > wanted.first) or (end and end < wanted.last)):
        yield PayerRemark(
            kind=RemarkKind.LIMIT, where="item.preAuthPeriod", starts_on=start, ends_on=end, line=line.sequence
        )


def _notes(response: Element, trace: str | None) -> Iterator[PayerRemark]:
    """Each with the line whose item refers to it, if it is one."""
    for note in parts(response, "processNote"):
        number = whole(note.get("number"))
        about = {
            sequence_of(item, trace)
            for item in parts(response, "item")
            if number is not None and number in _note_numbers(item)
        }
        if text := sentence(note.get("text")):
            line = about.pop() if len(about) == 1 else None
            yield PayerRemark(kind=RemarkKind.MESSAGE, where="processNote.text", text=text, line=line)


def _note_numbers(item: Element) -> list[int | None]:
    told = item.get("noteNumber")
    return [whole(one) for one in (told if isinstance(told, list) else [told])]


def _of_item(bundle: Element, response: Element, item: Element, line: int | None) -> Iterator[PayerRemark]:
    if code := action_code_of(item):
        yield PayerRemark(kind=RemarkKind.ACTION, where="reviewActionCode", code=code, line=line)
    reasons = [
        part(extension, "valueCodeableConcept")
        for action in review_actions(item)
        for extension in extensions(action, "reasonCode")
    ]
    reasons += [part(adjudication, "reason") for adjudication in parts(item, "adjudication")]
    for reason in reasons:
        told: list[str | None] = [*codes(reason)]
        for code in told or ([None] if in_words(reason) else []):
            yield PayerRemark(kind=RemarkKind.REASON, where="reasonCode", code=code, text=in_words(reason), line=line)
    for extension in extensions(item, _PROVIDER):
        yield from _provider(bundle, response, extension, line)


def _provider(bundle: Element, response: Element, extension: Element, line: int | None) -> Iterator[PayerRemark]:
    """Who may serve, as the payer says it: it may be another than we are."""
    for inner in (extension, *parts(extension, "extension")):
        reference = part(inner, "valueReference")
        who = next(referred(bundle, response, reference, "Organization"), {})
        name = sentence(reference.get("display")) or sentence(who.get("name"))
        number = next(iter([*identifiers(reference), *identifiers(who)]), None)
        if name or number:
            where = "item.authorizedProvider"
            yield PayerRemark(kind=RemarkKind.CONTACT, where=where, text=name, number=number, line=line)


def _follow_up(error: Element) -> str | None:
    """X12 889."""
    for extension in _of_extensions(error, "followupaction"):
        if code := next(codes(part(extension, "valueCodeableConcept")), None):
            return code
        if code := short_text(part(extension, "valueCoding").get("code") or extension.get("valueCode"), 20):
            return code
    return None


def _of_extensions(element: Element, *names: str) -> Iterator[Element]:
    """Those whose names end so; servers differ in what stands before."""
    for extension in parts(element, "extension"):
        url = extension.get("url")
        if isinstance(url, str) and url.casefold().endswith(names):
            yield extension
