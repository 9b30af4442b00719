"""What a payer's ClaimResponse decides, read leniently: by each item's review action code and by nothing else.

Never by outcome, authorization number or period: public examples of denials and pends carry all three.
What cannot be understood needs a person; it is never an approval.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from firstdose.adapters.payers.pas.answer_match import SentRequest, named_by, traces
from firstdose.adapters.payers.pas.elements import (
    UnreadableFhir,
    codes,
    day,
    extensions,
    has,
    parse,
    part,
    parts,
    resources,
    short_text,
    whole,
)
from firstdose.adapters.payers.pas.terminology import (
    ADMINISTRATION_REFERENCE,
    AUTHORIZED_DETAIL,
    PREAUTH_PERIOD,
    REVIEW_ACTION,
    REVIEW_ACTION_CODE,
    Element,
)
from firstdose.domain.authorization.lines import InformationRequest, LineAnswer, LineState, PayerAnswer, state_of
from firstdose.payer_ports import ReceivedAnswer

_MOST_WANTED = 20
_AUTHORIZING = (LineState.APPROVED, LineState.PARTIAL, LineState.MODIFIED)
_CONTRADICTORY = "contradictory"


def read_answer(
    raw: bytes, asked: Iterable[int] = (), *, trust_outcome: bool = False, sent: SentRequest | None = None
) -> ReceivedAnswer:
    """Read the answer to a submission, as a response Bundle or a bare ClaimResponse.

    `asked` are the sequences of the lines that the request carried; `trust_outcome` is the payer's quirk of approving
    by `outcome` alone; `sent` is the request of ours that it should answer. Raises Unreadable unless there is a
    ClaimResponse.
    """
    bundle = parse(raw)
    response = next(resources(bundle, "ClaimResponse"), None)
    if response is None:
        raise UnreadableFhir("no ClaimResponse")
    return ReceivedAnswer(
        raw=raw,
        named=named_by(bundle, response, sent),
        answer=_answer(bundle, response, asked, trust_outcome=trust_outcome),
    )


def read_inquiry(
    raw: bytes, trace: str, asked: Iterable[int] = (), *, trust_outcome: bool = False
) -> ReceivedAnswer | None:
    """Read the answer to an inquiry, which may list other requests for the same patient: only ours counts.

    None if the payer does not know the trace number. Raises Unreadable if a response names no request at all, for it
    could be ours.
    """
    bundle = parse(raw)
    if bundle.get("resourceType") not in ("Bundle", "ClaimResponse"):
        raise UnreadableFhir("neither Bundle nor ClaimResponse")
    responses = list(resources(bundle, "ClaimResponse"))
    ours = [response for response in responses if trace in traces(response)]
    if not ours:
        if any(not traces(response) for response in responses):
            raise UnreadableFhir("a ClaimResponse without any identifier")
        return None
    newest = max(ours, key=lambda response: short_text(response.get("created")) or "")
    return ReceivedAnswer(
        raw=raw,
        named=named_by(bundle, newest),
        answer=_answer(bundle, newest, asked, trust_outcome=trust_outcome),
    )


class _Adjudicated(NamedTuple):
    """The parts of a ClaimResponse about each line, found in one pass."""

    items: dict[int, list[tuple[str | None, Element]]]
    """With the review action code of each."""
    added: dict[int, Element]
    """The added item with what was authorized instead of the requested item."""
    errors: dict[int | None, str | None]
    """The first error of the line, and under None that of the whole request."""

    def error(self, sequence: int) -> str | None:
        """For a person to see."""
        return self.errors.get(sequence, self.errors.get(None))


def _answer(bundle: Element, response: Element, asked: Iterable[int], *, trust_outcome: bool) -> PayerAnswer:
    adjudicated = _Adjudicated(_items(response), _added(response), _errors(response))
    sequences = sorted({*adjudicated.items, *asked})
    if any(code for same in adjudicated.items.values() for code, _ in same):
        lines = [_line(response, adjudicated, sequence) for sequence in sequences]
    else:
        lines = [_undecided(response, adjudicated, sequence, trust_outcome=trust_outcome) for sequence in sequences]
    return PayerAnswer(lines=tuple(lines), tracking=_tracking(response), information=_information(bundle, response))


def _items(response: Element) -> dict[int, list[tuple[str | None, Element]]]:
    found: dict[int, list[tuple[str | None, Element]]] = {}
    for item in parts(response, "item"):
        sequence = whole(item.get("itemSequence"))
        if sequence is not None:
            found.setdefault(sequence, []).append((_action_code(item), item))
    return found


def _added(response: Element) -> dict[int, Element]:
    found: dict[int, Element] = {}
    for added in parts(response, "addItem"):
        named = added.get("itemSequence")
        for sequence in map(whole, named if isinstance(named, list) else [named]):
            if sequence is not None:
                found.setdefault(sequence, added)
    return found


def _errors(response: Element) -> dict[int | None, str | None]:
    found: dict[int | None, str | None] = {}
    for error in parts(response, "error"):
        sequence = whole(error.get("itemSequence"))
        found.setdefault(sequence, next(codes(part(error, "code")), None))
        if sequence is None:  # the first of every line that has none yet
            break
    return found


def _line(response: Element, adjudicated: _Adjudicated, sequence: int) -> LineAnswer:
    if sequence not in adjudicated.items:  # the others have their answer, this one not yet
        return LineAnswer(sequence=sequence, state=LineState.PENDED)
    found = {code for code, _ in adjudicated.items[sequence]}
    code = found.pop() if len(found) == 1 else _CONTRADICTORY
    state, item = state_of(code), adjudicated.items[sequence][0][1]
    # An added item counts only in a partial or modified decision; its quantity is what was authorized.
    authorized = adjudicated.added.get(sequence, {}) if state in (LineState.PARTIAL, LineState.MODIFIED) else {}
    units = whole(part(authorized, "quantity").get("value")) if "quantity" in authorized else _units(item)
    period = _period(authorized) or _period(item) or part(response, "preAuthPeriod")
    if (state is LineState.PARTIAL and units is None) or (state in _AUTHORIZING and not _dated(period)):
        state = LineState.NEEDS_REVIEW
    reason = _reason(item) or adjudicated.error(sequence)
    return LineAnswer(
        sequence=sequence,
        state=state,
        number=_number(authorized) or _number(item),
        valid_from=day(period.get("start")),
        valid_to=day(period.get("end")),
        units=units,
        # The reviewing person sees at least the payer's code: CT is "contact payer".
        reason_code=reason or (code if state is LineState.NEEDS_REVIEW else None),
    )


def _undecided(response: Element, adjudicated: _Adjudicated, sequence: int, *, trust_outcome: bool) -> LineAnswer:
    """No item has a review action code: old servers answer by the outcome alone."""
    outcome, error = response.get("outcome"), adjudicated.error(sequence)
    period = part(response, "preAuthPeriod")
    if outcome == "queued":
        return LineAnswer(sequence=sequence, state=LineState.PENDED, reason_code=error)
    if trust_outcome and outcome == "complete" and not has(response, "error") and _dated(period):
        return LineAnswer(
            sequence=sequence,
            state=LineState.APPROVED,
            number=short_text(response.get("preAuthRef")),
            valid_from=day(period.get("start")),
            valid_to=day(period.get("end")),
        )
    return LineAnswer(sequence=sequence, state=LineState.NEEDS_REVIEW, reason_code=error)


def _review_actions(item: Element) -> Iterator[Element]:
    for holder in (*parts(item, "adjudication"), item):  # before version 2 the item itself held it
        yield from extensions(holder, REVIEW_ACTION)


def _action_code(item: Element) -> str | None:
    """The item's review action code; contradictory ones are read as an unknown code."""
    found = {
        code
        for action in _review_actions(item)
        for extension in extensions(action, REVIEW_ACTION_CODE)
        for one in parts(part(extension, "valueCodeableConcept"), "coding")
        if str(one.get("system")).endswith("/306") and (code := short_text(one.get("code"), 20))
    }
    return found.pop() if len(found) == 1 else (_CONTRADICTORY if found else None)


def _number(item: Element) -> str | None:
    for action in _review_actions(item):
        for extension in extensions(action, "number"):
            return short_text(extension.get("valueString"))
    return None


def _reason(item: Element) -> str | None:
    for action in _review_actions(item):
        for extension in extensions(action, "reasonCode"):
            return next(codes(part(extension, "valueCodeableConcept")), None)
    return None


def _units(item: Element) -> int | None:
    for detail in extensions(item, AUTHORIZED_DETAIL):
        for quantity in extensions(detail, "quantity"):
            return whole(part(quantity, "valueQuantity").get("value"))
    return None


def _period(item: Element) -> Element:
    return next((part(extension, "valuePeriod") for extension in extensions(item, PREAUTH_PERIOD)), {})


def _dated(period: Element) -> bool:
    """Whether both ends can be read: an end that cannot be read must not become "no end"."""
    dates: list[date | None] = [day(period[end]) for end in ("start", "end") if period.get(end) is not None]
    return None not in dates


def _tracking(response: Element) -> str | None:
    for item in parts(response, "item"):
        for extension in extensions(item, ADMINISTRATION_REFERENCE):
            if tracking := short_text(extension.get("valueString")):
                return tracking
    return short_text(response.get("preAuthRef"))


def _information(bundle: Element, response: Element) -> InformationRequest | None:
    asked = list(resources(bundle, "CommunicationRequest"))
    asked += [one for one in parts(response, "contained") if one.get("resourceType") == "CommunicationRequest"]
    if not asked and not has(response, "communicationRequest"):
        return None
    wanted = dict.fromkeys(code for request in asked for code in _wanted(request))
    due = [date_ for request in asked if (date_ := _due_on(request))]
    return InformationRequest(wanted=tuple(wanted)[:_MOST_WANTED], due_on=min(due, default=None))


def _wanted(request: Element) -> Iterator[str]:
    """Codes of documents: LOINC in the payload, else X12 755 in the category."""
    specific = [
        code
        for payload in parts(request, "payload")
        for extension in extensions(payload, "extension-contentModifier")
        for code in codes(part(extension, "valueCodeableConcept"))
    ]
    yield from specific or [code for category in parts(request, "category") for code in codes(category)]


def _due_on(request: Element) -> date | None:
    return day(request.get("occurrenceDateTime")) or day(part(request, "occurrencePeriod").get("end"))
