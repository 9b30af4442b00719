"""What a payer wants to see before it decides: CommunicationRequests and Tasks beside a ClaimResponse."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from firstdose.adapters.payers.awaiting_documents import is_undecided
from firstdose.adapters.payers.pas.elements import (
    codes,
    day,
    extensions,
    has,
    identifiers,
    in_words,
    part,
    parts,
    resources,
    sentence,
    short_text,
    whole,
)
from firstdose.adapters.payers.pas.references import referred
from firstdose.adapters.payers.pas.terminology import Element
from firstdose.domain.authorization.lines import InformationRequest, LineAnswer, LineState
from firstdose.domain.payer.document_words import words_for

_MOST_WANTED: Final = 20
_LOINC: Final = re.compile(r"[0-9]{1,7}-[0-9]")
_LINE_NUMBERS: Final = ("extension-serviceLineNumber", "extension-paLineNumber", "serviceLineNumber", "paLineNumber")
_CONTENT: Final = "extension-contentModifier"


class WantedDocument(NamedTuple):
    """By its code, in words, or both."""

    code: str | None
    words: str | None
    lines: tuple[int, ...]
    """The lines that the request for it names."""


def information_of(bundle: Element, response: Element, lines: Sequence[LineAnswer]) -> InformationRequest | None:
    requests = _requests(bundle, response)
    if not requests and not has(response, "communicationRequest"):
        return None
    wanted = dict.fromkeys(one.code for one in wanted_documents(bundle, response) if one.code)
    due = [date_ for request in requests if (date_ := _due_on(request))]
    return InformationRequest(
        wanted=tuple(wanted)[:_MOST_WANTED],
        lines=_about(requests, lines),
        due_on=min(due, default=None),
        control_number=next((number for request in requests for number in identifiers(request)), None),
    )


def wanted_documents(bundle: Element, response: Element) -> Iterator[WantedDocument]:
    for request in _requests(bundle, response):
        yield from _of_task(request) if request.get("resourceType") == "Task" else _of_communication(request)


def _requests(bundle: Element, response: Element) -> list[Element]:
    """Those that the response refers to; where it refers to none, all that came with it alone."""
    told = [
        request
        for reference in parts(response, "communicationRequest")
        for request in referred(bundle, response, reference, "CommunicationRequest")
    ]
    alone = len(list(resources(bundle, "ClaimResponse"))) == 1
    if not told and alone:
        told = list(resources(bundle, "CommunicationRequest"))
    if not told:
        told = [one for one in parts(response, "contained") if one.get("resourceType") == "CommunicationRequest"]
    return told + (list(resources(bundle, "Task")) if alone else [])


def _about(requests: Sequence[Element], lines: Sequence[LineAnswer]) -> tuple[int, ...]:
    """The lines that the requests name, or which alone can be meant; none if that is all that wait."""
    known = {line.sequence for line in lines}
    named = {number for request in requests for number in _named_lines(request)} & known
    if named or any(line.state is LineState.PENDED for line in lines):
        return tuple(sorted(named))
    return tuple(line.sequence for line in lines if is_undecided(line))


def _named_lines(request: Element) -> Iterator[int]:
    for holder in (request, *parts(request, "payload"), *parts(request, "input")):
        for name in _LINE_NUMBERS:
            for extension in extensions(holder, name):
                number = whole(extension.get("valuePositiveInt", extension.get("valueInteger")))
                if number is not None:
                    yield number


def _of_communication(request: Element) -> Iterator[WantedDocument]:
    """LOINC in the payload, else X12 755 in the category."""
    lines = tuple(_named_lines(request))
    specific = [one for payload in parts(request, "payload") for one in _of_payload(payload, lines)]
    if any(one.code for one in specific):
        yield from specific
        return
    for category in parts(request, "category"):
        for code in codes(category):
            yield WantedDocument(code, in_words(category) or words_for(code), lines)
    yield from specific


def _of_payload(payload: Element, lines: tuple[int, ...]) -> Iterator[WantedDocument]:
    text = sentence(payload.get("contentString"))
    code = short_text(text, 20) if text and _LOINC.fullmatch(text) else None
    if code:
        yield WantedDocument(code, words_for(code), lines)
    concepts = [part(extension, "valueCodeableConcept") for extension in extensions(payload, _CONTENT)]
    for concept in concepts:
        for named in codes(concept):
            yield WantedDocument(named, in_words(concept) or words_for(named), lines)
    if text and not code:
        yield WantedDocument(None, text, lines)


def _of_task(task: Element) -> Iterator[WantedDocument]:
    for wanted in parts(task, "input"):
        lines = tuple(_named_lines(wanted))
        concept = part(wanted, "valueCodeableConcept")
        for code in codes(concept):
            yield WantedDocument(code, in_words(concept) or words_for(code), lines)
    if text := sentence(task.get("description")):
        yield WantedDocument(None, text, tuple(_named_lines(task)))


def _due_on(request: Element) -> date | None:
    return (
        day(request.get("occurrenceDateTime"))
        or day(part(request, "occurrencePeriod").get("end"))
        or day(part(request, "restriction", "period").get("end"))
    )
