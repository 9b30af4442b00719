"""Prior authorization line by line: answers, decisions, and what comes next."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.answers import apply, decide
from firstdose.domain.authorization.lines import (
    AWAITING,
    FINAL,
    SETTLED,
    Certification,
    InformationRequest,
    Line,
    LineAnswer,
    LineKind,
    LineState,
    PayerAnswer,
    move,
    state_of,
    taken_back,
)
from firstdose.domain.authorization.steps import Step, as_asked, next_step, overall


def line(state: LineState = LineState.SUBMITTED, sequence: int = 1, **more: object) -> Line:
    made = Line(sequence=sequence, kind=LineKind.DRUG, code="J0696", place_of_service="12", units=14, state=state)
    return made.model_copy(update=more)


def word(state: LineState, sequence: int = 1, **more: object) -> PayerAnswer:
    return PayerAnswer(lines=(LineAnswer(sequence=sequence, state=state).model_copy(update=more),))


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("A1", LineState.APPROVED),
        ("A2", LineState.PARTIAL),
        ("A3", LineState.DENIED),
        ("A4", LineState.PENDED),
        ("A6", LineState.MODIFIED),
        ("C", LineState.VOID),
        ("CT", LineState.NEEDS_REVIEW),
        ("NA", LineState.NOT_REQUIRED),
    ],
)
def test_review_action_codes(code: str, state: LineState) -> None:
    assert state_of(code) is state


@given(st.one_of(st.none(), st.text(max_size=12)))
def test_no_other_code_is_ever_an_approval(code: str | None) -> None:
    if code not in {"A1", "NA"}:
        assert state_of(code) not in {LineState.APPROVED, LineState.NOT_REQUIRED}


def test_an_answer_sets_the_lines_that_it_names_and_no_other() -> None:
    lines = (line(sequence=1), line(sequence=2))
    after = apply(lines, word(LineState.APPROVED, 2, number="AUTH-1"))
    assert [each.state for each in after] == [LineState.SUBMITTED, LineState.APPROVED]
    assert after[1].number == "AUTH-1"


@pytest.mark.parametrize(
    ("first", "then"),
    [pair for pair in product(sorted(FINAL), sorted(set(LineState) - AWAITING)) if pair[0] is not pair[1]],
)
def test_a_decision_never_changes_silently(first: LineState, then: LineState) -> None:
    (after,) = apply((line(first, authorized_units=9),), word(then))
    assert after.state is LineState.NEEDS_REVIEW
    assert after.authorized_units == 9, "what was granted stays in sight"


@pytest.mark.parametrize(("first", "then"), [*product(sorted(FINAL), sorted(AWAITING))])
def test_waiting_does_not_replace_what_a_person_recorded(first: LineState, then: LineState) -> None:
    wants = word(then).model_copy(update={"information": InformationRequest(wanted=("11506-3",))})
    for later in (word(then), wants):
        assert apply((line(first),), later) == (line(first),)


def test_the_same_final_word_again_changes_nothing_but_details() -> None:
    (after,) = apply((line(LineState.APPROVED, number="A"),), word(LineState.APPROVED, number="A"))
    assert after.state is LineState.APPROVED


def test_what_was_voided_or_needs_no_authorization_is_not_brought_back() -> None:
    lines = (line(LineState.VOID, 1), line(LineState.NOT_REQUIRED, 2))
    answer = PayerAnswer(lines=(*word(LineState.APPROVED, 1).lines, *word(LineState.DENIED, 2).lines))
    assert apply(lines, answer) == lines


def test_a_pend_that_asks_for_information_is_ours_to_answer() -> None:
    answer = word(LineState.PENDED).model_copy(update={"information": InformationRequest(wanted=("11506-3",))})
    (after,) = apply((line(),), answer)
    assert after.state is LineState.INFO_REQUESTED


def test_a_pended_appeal_stays_an_appeal() -> None:
    (after,) = apply((line(certification=Certification.APPEAL),), word(LineState.PENDED))
    assert after.state is LineState.APPEALED


def test_a_cancellation_that_nobody_asked_for_needs_a_person() -> None:
    (after,) = apply((line(LineState.PENDED),), word(LineState.VOID))
    assert after.state is LineState.NEEDS_REVIEW


def test_a_person_may_decide_over_the_payers_last_word() -> None:
    (after,) = decide((line(LineState.DENIED),), word(LineState.APPROVED).lines)
    assert after.state is LineState.APPROVED


@pytest.mark.parametrize(
    ("states", "step"),
    [
        ([LineState.APPROVED, LineState.DRAFT], Step.SUBMIT),
        ([LineState.PENDED, LineState.DENIED], Step.REVIEW),
        ([LineState.PENDED, LineState.INFO_REQUESTED], Step.INFORM),
        ([LineState.APPROVED, LineState.PENDED], Step.WAIT),
        ([LineState.EXHAUSTED, LineState.PENDED], Step.WAIT),
        ([LineState.EXHAUSTED, LineState.APPROVED], Step.GIVE_UP),
        ([LineState.APPROVED, LineState.NOT_REQUIRED, LineState.VOID], Step.DONE),
        ([], Step.DONE),
    ],
)
def test_what_we_owe_comes_before_what_we_wait_for(states: list[LineState], step: Step) -> None:
    assert next_step(tuple(line(state, number) for number, state in enumerate(states))) is step


@given(st.lists(st.sampled_from(LineState), min_size=1, max_size=3))
def test_done_means_that_every_line_is_settled(states: list[LineState]) -> None:
    lines = tuple(line(state, number) for number, state in enumerate(states))
    assert (next_step(lines) is Step.DONE) == all(each.state in SETTLED for each in lines)
    assert overall(lines) in states


@given(st.lists(st.sampled_from(LineState), min_size=1, max_size=3), st.sets(st.sampled_from(LineState)))
def test_only_the_named_states_are_moved(states: list[LineState], of: set[LineState]) -> None:
    lines = tuple(line(state, number) for number, state in enumerate(states))
    for before, after in zip(lines, move(lines, LineState.DRAFT, of=of), strict=True):
        assert after.state is (LineState.DRAFT if before.state in of else before.state)


@given(st.lists(st.sampled_from(LineState), min_size=1, max_size=3))
def test_of_a_referral_that_ends_early_nothing_stays_authorized(states: list[LineState]) -> None:
    lines = tuple(line(state, number) for number, state in enumerate(states))
    for before, after in zip(lines, taken_back(lines), strict=True):
        refused = before.state in (LineState.DENIED, LineState.EXHAUSTED, LineState.NOT_REQUIRED)
        assert after.state is (before.state if refused else LineState.VOID)


def test_the_same_word_is_the_same_whenever_it_comes() -> None:
    assert word(LineState.PENDED).repeats(word(LineState.PENDED))
    assert not word(LineState.PENDED).repeats(word(LineState.APPROVED))


def test_an_answer_without_a_line_decides_nothing() -> None:
    assert PayerAnswer().pending
    assert word(LineState.PENDED).pending
    assert not word(LineState.DENIED).pending


def test_an_answer_says_nothing_of_lines_that_another_request_carries() -> None:
    lines = (line(sequence=1, contact="one"), line(sequence=2, contact="two"))
    answer = PayerAnswer(lines=(*word(LineState.APPROVED, 1).lines, *word(LineState.DENIED, 2).lines))
    after = apply(lines, answer, contact="one")
    assert [each.state for each in after] == [LineState.APPROVED, LineState.SUBMITTED]


@given(
    st.lists(
        st.tuples(st.sampled_from(LineState), st.sampled_from(Certification), st.sampled_from([None, "one", "two"])),
        max_size=4,
    )
)
def test_every_draft_is_asked_for_once(
    drawn: list[tuple[LineState, Certification, str]],
) -> None:
    lines = tuple(
        line(state, number, certification=certification, contact=contact)
        for number, (state, certification, contact) in enumerate(drawn, start=1)
    )
    asked: list[int] = []
    while together := as_asked(lines):
        assert len({each.certification for each in together}) == 1
        if together[0].certification is not Certification.INITIAL:
            assert len({each.contact for each in together}) == 1, "one earlier request is replaced"
        asked += [each.sequence for each in together]
        lines = move(lines, LineState.SUBMITTED, of=LineState, only=[each.sequence for each in together])
    drafts = {LineState.DRAFT, LineState.EXPIRED}
    assert sorted(asked) == [number for number, (state, *_) in enumerate(drawn, start=1) if state in drafts]


@given(st.one_of(st.none(), st.integers(0, 3)), st.sampled_from(LineState))
def test_only_an_approved_line_with_units_left_covers_a_visit(units: int | None, state: LineState) -> None:
    covered = line(state, authorized_units=units).covers(date(2026, 12, 1))
    assert covered == (state is LineState.NOT_REQUIRED or (state is LineState.APPROVED and units != 0))
