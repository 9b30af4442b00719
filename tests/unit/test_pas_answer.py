"""What payers' answers decide: by review action codes only, and never an approval that nobody gave."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.pas.answer import read_answer, read_inquiry
from firstdose.adapters.payers.pas.answer_match import SentRequest
from firstdose.adapters.payers.pas.elements import UnreadableFhir
from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer

PUBLIC = Path(__file__).parents[3] / "shared/fixtures/pas"
SENT = SentRequest("ours", "Claim/ours")
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"


def action(code: str, number: str | None = None, reason: str | None = None) -> dict[str, Any]:
    coding = {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": code}]}
    said: list[dict[str, Any]] = [{"url": f"{PAS}extension-reviewActionCode", "valueCodeableConcept": coding}]
    if number:
        said.append({"url": "number", "valueString": number})
    if reason:
        said.append({"url": "reasonCode", "valueCodeableConcept": {"coding": [{"code": reason}]}})
    return {"extension": [{"url": f"{PAS}extension-reviewAction", "extension": said}]}


def period(start: str, end: str) -> dict[str, Any]:
    return {"url": f"{PAS}extension-itemPreAuthPeriod", "valuePeriod": {"start": start, "end": end}}


def item(sequence: int, code: str, *extensions: dict[str, Any], **said: str) -> dict[str, Any]:
    return {"itemSequence": sequence, "extension": list(extensions), "adjudication": [action(code, **said)]}


def detail(units: float) -> dict[str, Any]:
    quantity = {"url": "quantity", "valueQuantity": {"value": units}}
    return {"url": f"{PAS}extension-itemAuthorizedDetail", "extension": [quantity]}


def answered(*items: dict[str, Any], also: tuple[dict[str, Any], ...] = (), **response: Any) -> bytes:
    claim_response = {"resourceType": "ClaimResponse", "outcome": "complete", "item": list(items), **response}
    entries = [{"resource": resource} for resource in (claim_response, *also)]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def only(raw: bytes, asked: tuple[int, ...] = (), *, trust_outcome: bool = False) -> LineAnswer:
    (line,) = read_answer(raw, asked, trust_outcome=trust_outcome).answer.lines
    return line


def public(name: str) -> bytes:
    path = PUBLIC / name
    if not path.exists():
        pytest.skip("the public examples are not here")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inferno_preset_denial_json_response.json", {1: LineState.DENIED, 2: LineState.APPROVED}),
        ("inferno_preset_pended_json_response.json", {1: LineState.PENDED}),
        ("inferno_valid_pa_response_bundle.json", {1: LineState.APPROVED}),
        ("inferno_PAS_notification_example_full_resource.json", {1: LineState.NEEDS_REVIEW}),
    ],
)
def test_public_examples(name: str, expected: dict[int, LineState]) -> None:
    answer = read_answer(public(name)).answer
    assert {line.sequence: line.state for line in answer.lines} == expected


def test_public_approval_has_number_period_and_units() -> None:
    line = only(public("inferno_valid_pa_response_bundle.json"))
    assert (line.number, line.units) == ("AUTH0001", 1)
    assert (line.valid_from, line.valid_to) == (date(2005, 5, 2), date(2005, 6, 2))


def test_public_pend_without_items_is_pended_for_all_that_was_asked() -> None:
    answer = read_answer(public("ri_claimresponse-pended.json"), (1, 2)).answer
    assert [line.state for line in answer.lines] == [LineState.PENDED] * 2


def test_a_request_is_no_answer() -> None:
    with pytest.raises(UnreadableFhir):
        read_answer(public("inferno_conformant_pas_bundle_v110.json"))


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("A1", LineState.APPROVED),
        ("A3", LineState.DENIED),
        ("A4", LineState.PENDED),
        ("A6", LineState.MODIFIED),
        ("C", LineState.VOID),
        ("NA", LineState.NOT_REQUIRED),
        ("CT", LineState.NEEDS_REVIEW),
        ("A9", LineState.NEEDS_REVIEW),
        ("a1", LineState.NEEDS_REVIEW),
    ],
)
def test_the_review_action_code_decides(code: str, state: LineState) -> None:
    assert only(answered(item(1, code))).state is state


@pytest.mark.parametrize("outcome", ["complete", "error", "queued", "partial", None, 7])
def test_the_outcome_does_not_where_there_is_a_code(outcome: object) -> None:
    assert only(answered(item(1, "A3"), outcome=outcome)).state is LineState.DENIED


def test_a_number_and_a_period_are_no_approval() -> None:
    line = only(answered(item(1, "A3", period("2026-11-01", "2026-12-01"), number="AUTH0001")))
    assert (line.state, line.number) == (LineState.DENIED, "AUTH0001")


def test_codes_of_other_systems_do_not_count() -> None:
    other = answered(item(1, "A1")).replace(b"005010/306", b"005010/886")
    assert only(other).state is LineState.NEEDS_REVIEW


def test_contradictions_need_a_person() -> None:
    twice = {"itemSequence": 1, "adjudication": [action("A1"), action("A3")]}
    assert only(answered(twice)).state is LineState.NEEDS_REVIEW
    assert only(answered(item(1, "A1"), item(1, "A3"))).state is LineState.NEEDS_REVIEW


def test_the_review_action_of_old_servers_lies_on_the_item() -> None:
    old = {"itemSequence": 1, **action("A1", number="N1")}
    assert (only(answered(old)).state, only(answered(old)).number) == (LineState.APPROVED, "N1")


def test_a_part_needs_its_units() -> None:
    assert only(answered(item(1, "A2"))).state is LineState.NEEDS_REVIEW
    assert only(answered(item(1, "A2", detail(2.5)))).state is LineState.NEEDS_REVIEW
    part = only(answered(item(1, "A2", detail(7))))
    assert (part.state, part.units) == (LineState.PARTIAL, 7)
    echoed = item(1, "A2") | {"quantity": {"value": 42}}
    assert only(answered(echoed)).state is LineState.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("added", "state", "units"),
    [
        ({"itemSequence": [2, 1], "quantity": {"value": 7}}, LineState.PARTIAL, 7),
        ({"itemSequence": [1], "quantity": {"value": 7.5}}, LineState.NEEDS_REVIEW, None),
        ({"itemSequence": [1]}, LineState.NEEDS_REVIEW, None),
        ({"itemSequence": [2], "quantity": {"value": 7}}, LineState.NEEDS_REVIEW, None),
        ({"quantity": {"value": 7}}, LineState.NEEDS_REVIEW, None),
    ],
)
def test_the_units_of_a_part_may_lie_in_the_added_item(
    added: dict[str, Any], state: LineState, units: int | None
) -> None:
    line = only(answered(item(1, "A2"), addItem=[added]))
    assert (line.state, line.units) == (state, units)


@pytest.mark.parametrize("code", ["CT", "PENDEDCODE", "A2"])
def test_who_reviews_a_line_sees_the_code_unless_there_is_a_reason(code: str) -> None:
    assert only(answered(item(1, code))) == LineAnswer(sequence=1, state=LineState.NEEDS_REVIEW, reason_code=code)
    assert only(answered(item(1, code, reason="0C"))).reason_code == "0C"


def test_of_two_added_items_for_a_line_the_first_counts() -> None:
    added = [{"itemSequence": [1], "quantity": {"value": units}} for units in (7, 9)]
    assert only(answered(item(1, "A6"), addItem=added)).units == 7


def test_a_modification_is_read_from_the_added_item() -> None:
    requested = item(1, "A6", period("2026-11-01", "2027-11-01"))
    added = item(1, "A1", period("2026-11-01", "2026-12-01"), number="N6") | {
        "itemSequence": [1],
        "quantity": {"value": 14},
    }
    line = only(answered(requested, addItem=[added]))
    assert (line.state, line.units, line.number) == (LineState.MODIFIED, 14, "N6")
    assert line.valid_to == date(2026, 12, 1)


def test_an_added_item_does_not_soften_a_denial() -> None:
    added = item(1, "A1", number="N6") | {"itemSequence": [1], "quantity": {"value": 14}}
    line = only(answered(item(1, "A3"), addItem=[added]))
    assert (line.state, line.number, line.units) == (LineState.DENIED, None, None)


@pytest.mark.parametrize("end", ["2026-12", "sometime", "31/12/2026"])
def test_an_end_that_cannot_be_read_is_not_no_end(end: str) -> None:
    assert only(answered(item(1, "A1", period("2026-11-01", end)))).state is LineState.NEEDS_REVIEW


def test_an_error_beside_a_decision_is_shown_and_decides_nothing() -> None:
    error = {"code": {"coding": [{"code": "04"}]}}
    line = only(answered(item(1, "A1"), error=[error]))
    assert (line.state, line.reason_code) == (LineState.APPROVED, "04")
    assert only(answered(item(1, "A3", reason="0C"), error=[error])).reason_code == "0C"
    bare = only(answered(outcome="error", error=[error]), (1,))
    assert (bare.state, bare.reason_code) == (LineState.NEEDS_REVIEW, "04")


def test_an_error_of_another_line_is_that_lines() -> None:
    error = {"itemSequence": 2, "code": {"coding": [{"code": "04"}]}}
    lines = read_answer(answered(item(1, "A3"), item(2, "A3"), error=[error])).answer.lines
    assert [line.reason_code for line in lines] == [None, "04"]


def test_the_first_error_of_a_line_or_of_all_is_the_lines() -> None:
    coded = [(2, "02"), (None, "00"), (1, "01"), (None, "09")]
    errors = [{"itemSequence": sequence, "code": {"coding": [{"code": code}]}} for sequence, code in coded]
    lines = read_answer(answered(item(1, "A3"), item(2, "A3"), error=errors)).answer.lines
    assert [line.reason_code for line in lines] == ["00", "02"]


def test_a_line_that_the_answer_passes_over_still_waits() -> None:
    answer = read_answer(answered(item(1, "A1")), (1, 2)).answer
    assert [line.state for line in answer.lines] == [LineState.APPROVED, LineState.PENDED]
    assert answer.pending


@pytest.mark.parametrize(
    ("outcome", "untrusted", "trusted"),
    [
        ("queued", LineState.PENDED, LineState.PENDED),
        ("complete", LineState.NEEDS_REVIEW, LineState.APPROVED),
        ("error", LineState.NEEDS_REVIEW, LineState.NEEDS_REVIEW),
        ("partial", LineState.NEEDS_REVIEW, LineState.NEEDS_REVIEW),
        (None, LineState.NEEDS_REVIEW, LineState.NEEDS_REVIEW),
    ],
)
def test_without_any_code_only_the_quirk_trusts_the_outcome(
    outcome: str | None, untrusted: LineState, trusted: LineState
) -> None:
    raw = answered(outcome=outcome, preAuthRef="REF1")
    assert only(raw, (1,)).state is untrusted
    assert only(raw, (1,), trust_outcome=True).state is trusted


def test_the_quirk_does_not_apply_where_there_is_a_code_or_an_error() -> None:
    lines = read_answer(answered(item(1, "A3"), {"itemSequence": 2}), trust_outcome=True).answer.lines
    assert [line.state for line in lines] == [LineState.DENIED, LineState.NEEDS_REVIEW]
    assert only(answered(error=[{}]), (1,), trust_outcome=True).state is LineState.NEEDS_REVIEW


def test_the_tracking_number_of_a_pend() -> None:
    reference = {"url": f"{PAS}extension-administrationReferenceNumber", "valueString": "PEND0001"}
    assert read_answer(answered(item(1, "A4", reference))).answer.tracking == "PEND0001"


def test_an_information_request_names_codes_and_the_due_day() -> None:
    modifier = {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]}
    wanted = {
        "resourceType": "CommunicationRequest",
        "occurrencePeriod": {"end": "2026-12-05T00:00:00Z"},
        "payload": [{"extension": [{"url": f"{PAS}extension-contentModifier", "valueCodeableConcept": modifier}]}],
    }
    information = read_answer(answered(item(1, "A4"), also=(wanted,))).answer.information
    assert information is not None
    assert (information.wanted, information.due_on) == (("11506-3",), date(2026, 12, 5))


def test_an_inquiry_finds_ours_among_others() -> None:
    others = {"resourceType": "ClaimResponse", "identifier": [{"value": "theirs"}], "item": [item(1, "A1")]}
    old = {"resourceType": "ClaimResponse", "identifier": [{"value": "ours"}], "created": "2026-11-01"}
    raw = answered(item(1, "A3"), also=(others, old), identifier=[{"value": "ours"}], created="2026-11-02")
    received = read_inquiry(raw, SENT)
    assert received is not None
    assert [line.state for line in received.answer.lines] == [LineState.DENIED]
    unknown = SentRequest("unknown", "Claim/unknown", system="urn:ours")
    assert read_inquiry(answered(identifier=[{"value": "theirs", "system": "urn:ours"}]), unknown) is None


def test_an_inquiry_answered_with_something_nameless_is_in_doubt() -> None:
    with pytest.raises(UnreadableFhir):
        read_inquiry(
            answered(item(1, "A1"), also=(orjson.loads(answered(item(1, "A3")))["entry"][0]["resource"],)), SENT, (1,)
        )
    with pytest.raises(UnreadableFhir):
        read_inquiry(b'{"resourceType": "OperationOutcome"}', SENT)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"null", b'{"resourceType":"Bundle"', b"{}", b"\xff\xfe"])
def test_what_is_no_answer_is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableFhir):
        read_answer(raw)


NAMES = st.sampled_from(
    [
        *("resourceType", "entry", "resource", "item", "itemSequence", "adjudication", "extension", "url", "coding"),
        *("valueCodeableConcept", "system", "code", "outcome", "error", "addItem", "quantity", "value", "identifier"),
        *("valuePeriod", "start", "end", "preAuthPeriod", "communicationRequest", "payload", "request", "valueString"),
        *("created", "contained", "category", "occurrencePeriod"),
    ]
)
WORDS = st.sampled_from(
    [
        "ClaimResponse",
        "Bundle",
        "CommunicationRequest",
        "https://codesystem.x12.org/005010/306",
        f"{PAS}extension-reviewAction",
        f"{PAS}extension-reviewActionCode",
        f"{PAS}extension-itemPreAuthPeriod",
        "complete",
        "queued",
        "A2",
        "A3",
        "A4",
        "A6",
        "2026-11-21",
        "AUTH0001",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text() | WORDS
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6))
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"itemSequence": st.integers(1, 3) | ANYTHING},
        optional={
            "adjudication": ANYTHING | st.lists(st.sampled_from(["A2", "A3", "A4", "A6", "X"]).map(action), max_size=2),
            "extension": ANYTHING | st.just([period("2026-11-01", "2026-12-01"), detail(3)]),
        },
    )
)


@given(response=st.dictionaries(NAMES, ANYTHING), items=ITEMS | ANYTHING, asked=st.tuples(st.integers(1, 3)))
def test_nothing_without_an_a1_is_ever_approved_and_nothing_raises(
    response: dict[str, Any], items: object, asked: tuple[int, ...]
) -> None:
    """No strategy above knows the code A1, so no approval may come of it."""
    whole = {**response, "item": items, "resourceType": "ClaimResponse"}
    answer = read_answer(orjson.dumps({"resourceType": "Bundle", "entry": [{"resource": whole}]}), asked).answer
    assert isinstance(answer, PayerAnswer)
    assert LineState.APPROVED not in {line.state for line in answer.lines}


@given(st.binary() | ANYTHING.map(orjson.dumps))
def test_any_bytes_are_an_answer_or_unreadable(raw: bytes) -> None:
    try:
        read_answer(raw, (1,))
        read_inquiry(raw, SENT)
    except UnreadableFhir:
        return
