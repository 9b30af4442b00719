"""Reads a payer's ClaimResponse leniently: whose it is, what it decides, what it asks for and what else it says.

What cannot be understood needs a person; it is never an approval.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from firstdose.adapters.payers.awaiting_documents import awaiting_documents
from firstdose.adapters.payers.pas.answer_line import read_lines, sequence_of
from firstdose.adapters.payers.pas.answer_match import SentRequest, named_by, traces
from firstdose.adapters.payers.pas.elements import (
    UnreadableFhir,
    day,
    extensions,
    parse,
    parts,
    resources,
    short_text,
    unwrapped,
)
from firstdose.adapters.payers.pas.information import information_of
from firstdose.adapters.payers.pas.outcome import is_refusal
from firstdose.adapters.payers.pas.remarks import remarks_of_response
from firstdose.adapters.payers.pas.terminology import ADMINISTRATION_REFERENCE, Element
from firstdose.domain.authorization.answer_match import Whose, whose_request
from firstdose.domain.authorization.lines import PayerAnswer
from firstdose.payer_ports import ReceivedAnswer

_CLOCKS_APART: Final = timedelta(days=1)


def read_answer(
    raw: bytes, asked: Iterable[int] = (), *, trust_outcome: bool = False, sent: SentRequest | None = None
) -> ReceivedAnswer:
    """Read the answer to a submission, as a response Bundle or a bare ClaimResponse.

    `asked` are the sequences of the lines that the request carried; `trust_outcome` is the payer's quirk of approving
    by `outcome` alone; `sent` is the request of ours that it should answer. Raises Unreadable unless there is a
    ClaimResponse.
    """
    bundle = unwrapped(parse(raw))
    responses = list(resources(bundle, "ClaimResponse"))
    if not responses:
        raise UnreadableFhir("no ClaimResponse")
    ours = [one for one in responses if sent and _whose(bundle, one, sent) is Whose.OURS]
    response = (ours or responses)[0]
    return _received(raw, bundle, response, tuple(asked), sent, trust_outcome=trust_outcome)


def read_inquiry(
    raw: bytes, sent: SentRequest, asked: Iterable[int] = (), *, trust_outcome: bool = False
) -> ReceivedAnswer | None:
    """Read the answer to an inquiry, which may list other requests for the same patient: only ours counts.

    One that names no request is ours where it alone can be. None if the payer does not know the request. Raises
    Unreadable if it may be among several.
    """
    bundle = unwrapped(parse(raw))
    if bundle.get("resourceType") not in ("Bundle", "ClaimResponse"):
        raise UnreadableFhir("neither Bundle nor ClaimResponse")
    sequences = tuple(asked)
    responses = list(resources(bundle, "ClaimResponse"))
    ours = [one for one in responses if _whose(bundle, one, sent) is Whose.OURS]
    silent = [one for one in responses if _whose(bundle, one, sent) is Whose.SILENT]
    if not ours:
        ours = _alone([one for one in silent if not _is_older(one, sent)], sequences, sent)
    if not ours:
        if is_refusal(bundle):
            raise UnreadableFhir("errors instead of an answer")
        return None
    newest = max(ours, key=lambda response: short_text(response.get("created")) or "")
    return _received(raw, bundle, newest, sequences, sent, trust_outcome=trust_outcome)


def _whose(bundle: Element, response: Element, sent: SentRequest) -> Whose:
    return whose_request(named_by(bundle, response, sent), sent.trace)


def _is_older(response: Element, sent: SentRequest) -> bool:
    """Whether it was made before our request was: it answers another."""
    created = day(response.get("created"))
    return bool(sent.case and created and created < (sent.case.created_at - _CLOCKS_APART).date())


def _alone(silent: list[Element], asked: tuple[int, ...], sent: SentRequest) -> list[Element]:
    """The one that can only be ours: of a first request, and about no other line.

    Raises Unreadable if there is any other.
    """
    told = {sequence_of(item, sent.trace) for one in silent for item in parts(one, "item")}
    first = sent.case is None or sent.case.previous_trace is None
    if silent and not (len(silent) == 1 and first and asked and told and told <= {*asked}):
        raise UnreadableFhir("a ClaimResponse that names no request")
    return silent


def _received(
    raw: bytes,
    bundle: Element,
    response: Element,
    asked: tuple[int, ...],
    sent: SentRequest | None,
    *,
    trust_outcome: bool,
) -> ReceivedAnswer:
    trace = sent.trace if sent else next(iter(traces(response)), None)
    lines = read_lines(response, asked, trace, trust_outcome=trust_outcome)
    information = information_of(bundle, response, lines)
    answer = PayerAnswer(
        lines=awaiting_documents(lines, information),
        tracking=_tracking(response),
        information=information,
        remarks=remarks_of_response(bundle, response, trace, sent.case if sent else None),
    )
    return ReceivedAnswer(raw=raw, named=named_by(bundle, response, sent), answer=answer)


def _tracking(response: Element) -> str | None:
    for item in parts(response, "item"):
        for extension in extensions(item, ADMINISTRATION_REFERENCE):
            if tracking := short_text(extension.get("valueString")):
                return tracking
    return short_text(response.get("preAuthRef"))
