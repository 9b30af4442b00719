"""What a ClaimResponse says beyond its decisions, and the information that it asks for, line by line."""

from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest

from firstdose.adapters.payers.pas.answer import read_answer
from firstdose.adapters.payers.pas.answer_match import SentRequest
from firstdose.domain.authorization.answers import apply
from firstdose.domain.authorization.lines import LineState, PayerAnswer, move
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from tests.contract.cases import case, lines
from tests.unit.test_pas_answer import PAS, action, answered, detail, item, only, period

ASKED = case(trace="t" * 32)
SENT = SentRequest(ASKED.trace, f"Claim/{ASKED.trace}", ASKED)
DRUG, PER_DIEM, NURSING = ASKED.lines


def read(raw: bytes) -> PayerAnswer:
    return read_answer(raw, tuple(line.sequence for line in ASKED.lines), sent=SENT).answer


def said(raw: bytes, kind: RemarkKind) -> list[PayerRemark]:
    return [one for one in read(raw).remarks if one.kind is kind]


def coded(code: str, **more: Any) -> dict[str, Any]:
    return {"coding": [{"code": code}], **more}


def added(code: str, *sequences: int, units: int = 7) -> dict[str, Any]:
    return {
        "itemSequence": list(sequences),
        "extension": [period("2026-11-24", "2026-12-01")],
        "productOrService": coded(code, text="Cefazolin"),
        "quantity": {"value": units},
        "adjudication": [action("A1")],
    }


def wanting(*extensions: dict[str, Any], **more: Any) -> dict[str, Any]:
    modifier = {"url": f"{PAS}extension-contentModifier", "valueCodeableConcept": coded("11506-3")}
    payload = {"extension": [modifier], "contentString": "Notes of the last visit"}
    return {"resourceType": "CommunicationRequest", "extension": list(extensions), "payload": [payload], **more}


def line_number(sequence: int) -> dict[str, Any]:
    return {"url": f"{PAS}extension-serviceLineNumber", "valuePositiveInt": sequence}


def test_a_processing_error_is_told_with_its_text_and_what_to_do_about_it() -> None:
    follow_up = {"url": f"{PAS}extension-errorFollowupAction", "valueCodeableConcept": coded("C")}
    place = {"url": f"{PAS}extension-errorPath", "valueString": "Claim.item[0].servicedDate"}
    error = {"extension": [follow_up, place], "itemSequence": 1, "code": coded("57", text="Invalid date of service")}
    (rejected,) = said(answered(outcome="error", error=[error]), RemarkKind.REJECTED)
    assert (rejected.code, rejected.text, rejected.follow_up) == ("57", "Invalid date of service", "C")
    assert rejected.line == 1
    (where,) = said(answered(outcome="error", error=[error]), RemarkKind.MESSAGE)
    assert where.text == "Claim.item[0].servicedDate"


def test_an_error_in_words_alone_is_told_too() -> None:
    (rejected,) = said(answered(outcome="error", error=[{"code": {"text": "Call us"}}]), RemarkKind.REJECTED)
    assert (rejected.code, rejected.text) == (None, "Call us")


def test_disposition_and_notes_are_messages_and_a_note_belongs_to_its_line() -> None:
    noted = {**item(2, "A1", period("2026-11-01", "2027-11-01")), "noteNumber": [1]}
    notes = [{"number": 1, "text": "Only at home"}, {"number": 2, "text": "See   the portal"}, {"text": ""}]
    found = said(answered(noted, disposition="In part", processNote=notes), RemarkKind.MESSAGE)
    assert [(one.text, one.line) for one in found] == [
        ("In part", None),
        ("Only at home", 2),
        ("See the portal", None),
    ]


def test_another_code_instead_of_ours_is_exchanged() -> None:
    (one,) = said(answered(item(1, "A6"), addItem=[added("J0690", 1)]), RemarkKind.EXCHANGED)
    assert (one.line, one.about, one.text, one.quantity) == (1, ("J0690",), "Cefazolin", Decimal(7))
    assert (one.starts_on, one.ends_on) == (date(2026, 11, 24), date(2026, 12, 1))
    assert said(answered(item(1, "A6"), addItem=[added(DRUG.code, 1)]), RemarkKind.EXCHANGED) == []


def test_an_item_that_stands_for_none_of_ours_is_added() -> None:
    (one,) = said(answered(item(1, "A1"), addItem=[added("A4221")]), RemarkKind.ADDED)
    assert (one.about, one.line) == (("A4221",), None)


def test_without_what_was_asked_the_authorized_code_is_told_and_not_compared() -> None:
    (one,) = [
        each for each in read_answer(answered(item(1, "A6"), addItem=[added("J0690", 1)])).answer.remarks if each.about
    ]
    assert (one.kind, one.about) == (RemarkKind.ACTION, ("J0690",))


def test_a_code_and_units_within_our_item_are_compared() -> None:
    instead = {"url": "productOrServiceCode", "valueCodeableConcept": coded("J0690")}
    authorized = {"url": f"{PAS}extension-itemAuthorizedDetail", "extension": [instead]}
    (one,) = said(answered(item(1, "A6", authorized)), RemarkKind.EXCHANGED)
    assert (one.line, one.about) == (1, ("J0690",))
    (limit,) = said(answered(item(1, "A1", detail(1), period("2026-11-01", "2027-11-01"))), RemarkKind.LIMIT)
    assert (limit.line, limit.quantity) == (1, Decimal(1))


@pytest.mark.parametrize(
    ("start", "end", "short"),
    [
        ("2026-11-01", "2026-11-20", True),
        ("2026-12-24", "2027-11-20", True),
        ("2026-11-24", "2027-11-20", False),
    ],
)
def test_a_period_that_does_not_hold_the_days_of_service_is_told(start: str, end: str, short: bool) -> None:
    found = said(answered(item(1, "A1", period(start, end))), RemarkKind.LIMIT)
    assert [(one.line, str(one.starts_on), str(one.ends_on)) for one in found] == [(1, start, end)] * short


def test_reasons_and_actions_are_told_per_line() -> None:
    answer = answered(item(1, "A3", reason="0C"))
    assert [(one.code, one.line) for one in said(answer, RemarkKind.REASON)] == [("0C", 1)]
    assert [(one.code, one.line) for one in said(answer, RemarkKind.ACTION)] == [("A3", 1)]


def test_who_is_authorized_is_told() -> None:
    us = {"identifier": {"value": "1999999984"}, "display": "Other Infusion"}
    authorized = {"url": f"{PAS}extension-itemAuthorizedProvider", "valueReference": us}
    (one,) = said(answered(item(1, "A1", authorized)), RemarkKind.CONTACT)
    assert (one.text, one.number, one.line) == ("Other Infusion", "1999999984", 1)


@pytest.mark.parametrize(
    ("places", "number"),
    [
        ({"preAuthRef": "WHOLE1"}, "WHOLE1"),
        ({"item": [item(1, "A1", {"url": f"{PAS}extension-authorizationNumber", "valueString": "ITEM1"})]}, "ITEM1"),
        ({"adjudication": [action("A1", number="HEAD1")]}, "HEAD1"),
        ({"addItem": [{"itemSequence": [1], "adjudication": [action("A1", number="ADDED1")]}]}, "ADDED1"),
        ({"item": [item(1, "A1", number="NEAR1")], "preAuthRef": "WHOLE1"}, "NEAR1"),
    ],
)
def test_a_number_counts_wherever_it_stands(places: dict[str, Any], number: str) -> None:
    assert only(answered(**{"item": [item(1, "A1")], **places})).number == number


@pytest.mark.parametrize("code", ["A3", "A4", "C"])
def test_the_number_of_the_whole_is_none_of_a_line_that_was_not_granted(code: str) -> None:
    assert only(answered(item(1, code), preAuthRef="WHOLE1")).number is None


def test_a_line_is_known_by_our_trace_number_of_it() -> None:
    trace = {"url": f"{PAS}extension-itemTraceNumber", "valueIdentifier": {"value": f"{ASKED.trace}-2"}}
    nameless = {key: value for key, value in item(2, "A3", trace).items() if key != "itemSequence"}
    assert [line.state for line in read(answered(nameless)).lines] == [
        LineState.PENDED,
        LineState.DENIED,
        LineState.PENDED,
    ]


def test_what_comes_in_parameters_is_read() -> None:
    inside = orjson.loads(answered(item(1, "A1")))
    wrapped = orjson.dumps({"resourceType": "Parameters", "parameter": [{"name": "return", "resource": inside}]})
    assert read(wrapped).lines[0].state is LineState.APPROVED


def submitted(answer: PayerAnswer) -> list[LineState]:
    """The lines of a request that was sent, after the answer."""
    asked = move(lines(), LineState.SUBMITTED, of=frozenset(LineState))
    return [line.state for line in apply(asked, answer)]


def test_a_request_for_information_is_for_the_lines_that_it_names() -> None:
    pended = [item(line.sequence, "A4") for line in ASKED.lines]
    answer = read(answered(*pended, also=(wanting(line_number(2), occurrenceDateTime="2026-12-05"),)))
    assert answer.information is not None
    assert (answer.information.lines, answer.information.due_on) == ((2,), date(2026, 12, 5))
    assert submitted(answer) == [LineState.PENDED, LineState.INFO_REQUESTED, LineState.PENDED]


def test_of_lines_that_it_does_not_name_it_is_for_those_that_wait() -> None:
    answer = read(answered(item(1, "A1"), item(2, "A4"), item(3, "A3"), also=(wanting(),)))
    assert submitted(answer) == [LineState.APPROVED, LineState.INFO_REQUESTED, LineState.DENIED]


@pytest.mark.parametrize("code", ["86", "CT", "A4"])
def test_a_line_waits_for_documents_whatever_its_code(code: str) -> None:
    items = [item(line.sequence, code) for line in ASKED.lines]
    answer = read(answered(*items, also=(wanting(),)))
    assert submitted(answer) == [LineState.INFO_REQUESTED] * 3
    assert answer.pending


def test_a_decision_stands_beside_a_request_that_names_its_line() -> None:
    answer = read(answered(item(1, "A1"), item(2, "A1"), item(3, "A1"), also=(wanting(line_number(1)),)))
    assert submitted(answer) == [LineState.APPROVED] * 3
    assert "progress note" in [one.text for one in answer.remarks]


def test_the_wanted_document_is_told_in_words() -> None:
    answer = answered(item(1, "A4"), also=(wanting(line_number(1)),))
    found = said(answer, RemarkKind.WANTED)
    assert [(one.code, one.text, one.line) for one in found] == [
        ("11506-3", "progress note", 1),
        (None, "Notes of the last visit", 1),
    ]
    by_category = {"resourceType": "CommunicationRequest", "category": [coded("DS")]}
    assert [one.text for one in said(answered(item(1, "A4"), also=(by_category,)), RemarkKind.WANTED)] == [
        "discharge summary"
    ]
    theirs = {"resourceType": "CommunicationRequest", "category": [coded("DS", text="Hospital summary")]}
    assert [one.text for one in said(answered(item(1, "A4"), also=(theirs,)), RemarkKind.WANTED)] == [
        "Hospital summary"
    ]


def test_a_task_asks_for_documents_too() -> None:
    named = {"url": f"{PAS}extension-paLineNumber", "valueInteger": 3}
    wanted = {"extension": [named], "valueCodeableConcept": coded("18842-5")}
    task = {
        "resourceType": "Task",
        "identifier": [{"value": "TASK-77"}],
        "restriction": {"period": {"end": "2026-12-09"}},
        "input": [wanted],
    }
    answer = read(answered(*(item(line.sequence, "A4") for line in ASKED.lines), also=(task,)))
    assert answer.information is not None
    assert (answer.information.wanted, answer.information.lines) == (("18842-5",), (3,))
    assert (answer.information.due_on, answer.information.control_number) == (date(2026, 12, 9), "TASK-77")
    assert submitted(answer) == [LineState.PENDED, LineState.PENDED, LineState.INFO_REQUESTED]


def test_what_another_answer_in_the_bundle_asks_for_is_not_ours() -> None:
    theirs = {"resourceType": "ClaimResponse", "identifier": [{"value": "theirs"}]}
    ours = answered(item(1, "A4"), also=(theirs, wanting(id="x")), identifier=[{"value": ASKED.trace}])
    assert read(ours).information is None
    referring = answered(
        item(1, "A4"),
        also=(theirs, wanting(id="x"), wanting(id="y", payload=[])),
        identifier=[{"value": ASKED.trace}],
        communicationRequest=[{"reference": "CommunicationRequest/x"}],
    )
    information = read(referring).information
    assert information is not None
    assert information.wanted == ("11506-3",)


def test_of_several_answers_ours_is_read() -> None:
    ours = {"resourceType": "ClaimResponse", "identifier": [{"value": ASKED.trace}], "item": [item(1, "A3")]}
    assert read(answered(item(1, "A1"), also=(ours,))).lines[0].state is LineState.DENIED
