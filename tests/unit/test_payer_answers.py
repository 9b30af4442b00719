"""What is known after a payer's answer: no order of arrival undoes a decision, and no line is forgotten."""

from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firstdose.domain.authorization.answers import CONTRADICTED, apply, receive
from firstdose.domain.authorization.lines import (
    AWAITING,
    FINAL,
    InformationRequest,
    Line,
    LineAnswer,
    LineKind,
    LineState,
    PayerAnswer,
)

P, A, D, R = LineState.PENDED, LineState.APPROVED, LineState.DENIED, LineState.NEEDS_REVIEW
N = LineState.NOT_REQUIRED
DECISIONS = sorted(FINAL | {N})
LAB = InformationRequest(wanted=("lab",))


def answer(
    tracking: str | None = None, information: InformationRequest | None = None, **lines: LineState
) -> PayerAnswer:
    """`answer(l1=A, l2=P)`."""
    told = tuple(LineAnswer(sequence=int(name[1:]), state=state) for name, state in lines.items())
    return PayerAnswer(lines=told, tracking=tracking, information=information)


def states(answer: PayerAnswer) -> dict[int, LineState]:
    return {line.sequence: line.state for line in answer.lines}


def known_after(*answers: PayerAnswer) -> PayerAnswer:
    known: PayerAnswer | None = None
    for each in answers:
        known, _ = receive(known, each)
    return known or PayerAnswer()


def changes(known: PayerAnswer, incoming: PayerAnswer) -> dict[int, LineState] | None:
    _, changes = receive(known, incoming)
    return None if changes is None else states(changes)


def answers_with(*states: LineState) -> st.SearchStrategy[PayerAnswer]:
    return st.builds(
        PayerAnswer,
        lines=st.lists(
            st.builds(LineAnswer, sequence=st.integers(1, 3), state=st.sampled_from(states)),
            max_size=3,
            unique_by=lambda line: line.sequence,
        ).map(tuple),
        tracking=st.sampled_from([None, "T-1"]),
        information=st.sampled_from([None, LAB]),
    )


ANSWERS = answers_with(P, A, D, R)


def test_the_first_answer_is_all_new() -> None:
    assert receive(None, answer(l1=P)) == (answer(l1=P), answer(l1=P))


def test_waiting_does_not_take_the_place_of_a_decision() -> None:
    known = answer(l1=A, l2=D)
    for late in (answer(l1=P, l2=P), answer("T-1", l1=P, l2=P), answer(information=LAB, l1=P, l2=P), answer()):
        assert receive(known, late) == (known, None)


def test_nor_for_a_part_of_the_lines() -> None:
    assert receive(answer(l1=A, l2=P), answer(l1=P, l2=P)) == (answer(l1=A, l2=P), None)
    assert states(known_after(answer(l1=A, l2=P), answer(l1=P, l2=D))) == {1: A, 2: D}


def test_a_decision_that_overtook_the_response_leaves_the_other_lines_waiting() -> None:
    known = known_after(answer(l1=A), answer("T-1", l1=P, l2=P, l3=P))
    assert states(known) == {1: A, 2: P, 3: P}
    assert (known.pending, known.tracking) == (True, "T-1")


def test_what_the_payer_asks_for_is_new_for_the_lines_that_wait() -> None:
    known, new = receive(answer(l1=A, l2=P), answer(information=LAB, l1=P, l2=P))
    assert (states(known), known.information) == ({1: A, 2: P}, LAB)
    assert new is not None
    assert (states(new), new.information) == ({2: P}, LAB)


def test_only_what_is_new_is_a_change() -> None:
    assert changes(answer(l1=D, l2=P), answer(l1=D, l2=A)) == {2: A}
    assert changes(answer(l1=P), answer("T-1", l1=P)) == {}, "a tracking number is news, and changes no line"
    assert changes(answer(l1=P), answer(l1=P)) is None


@pytest.mark.parametrize("order", [*permutations([answer(l1=A, l2=A), answer(l1=D, l2=A), answer(l1=A, l2=A)])])
def test_of_two_decisions_that_contradict_each_other_neither_stands(order: tuple[PayerAnswer, ...]) -> None:
    known = known_after(*order)
    assert states(known) == {1: R, 2: A}
    assert known.lines[0].reason_code == CONTRADICTED


def test_a_decision_settles_what_was_not_understood() -> None:
    assert known_after(answer(l1=R), answer(l1=D)) == answer(l1=D)


@given(known=ANSWERS, incoming=ANSWERS)
def test_no_decision_is_undone_and_no_line_forgotten(known: PayerAnswer, incoming: PayerAnswer) -> None:
    before, told, after = states(known), states(incoming), states(known_after(known, incoming))
    assert after.keys() == before.keys() | told.keys()
    for sequence, state in after.items():
        if before.get(sequence, P) not in AWAITING:
            assert state in {before[sequence], told.get(sequence), R} - AWAITING
        assert state in (before.get(sequence), told.get(sequence), R)
        assert state is not A or {before.get(sequence), told.get(sequence)} <= {A, P, R, None}, "a denial is not undone"


@given(said=st.lists(ANSWERS, min_size=1, max_size=4), data=st.data())
def test_repetition_changes_nothing(said: list[PayerAnswer], data: st.DataObject) -> None:
    known = known_after(*said)
    for again in (said[-1], known):
        stands, new = receive(known, again)
        assert (stands is known, new) == (True, None)


@given(one=answers_with(P, *DECISIONS), other=answers_with(P, *DECISIONS))
def test_two_answers_end_the_same_in_either_order(one: PayerAnswer, other: PayerAnswer) -> None:
    assert states(known_after(one, other)) == states(known_after(other, one))


@given(said=st.lists(ANSWERS, max_size=3))
def test_what_is_decided_does_not_depend_on_the_order_unless_decisions_contradict(said: list[PayerAnswer]) -> None:
    decisions = {(line.sequence, line.state) for one in said for line in one.lines if line.state not in AWAITING}
    assume(len({sequence for sequence, _ in decisions}) == len(decisions))
    ends = [states(known_after(*order)) for order in permutations(said)]
    assert all(end == ends[0] for end in ends)


@given(
    first=st.sampled_from(DECISIONS),
    second=st.sampled_from(DECISIONS),
    later=st.lists(answers_with(P, R, *DECISIONS), max_size=3),
)
def test_a_contradiction_stays_whatever_comes_later(
    first: LineState, second: LineState, later: list[PayerAnswer]
) -> None:
    assume(first is not second)
    known = known_after(answer(l1=first), answer(l1=second), *later)
    assert states(known)[1] is R


@pytest.mark.parametrize(("first", "second"), [(D, A), (A, D), (A, A)])
def test_what_nobody_understands_between_two_decisions_does_not_let_the_second_stand_alone(
    first: LineState, second: LineState
) -> None:
    known = known_after(answer(l1=first), answer(l1=R), answer(l1=second))
    assert [(line.state, line.reason_code) for line in known.lines] == [(R, CONTRADICTED)]


@given(said=st.lists(answers_with(P, R, *sorted(FINAL)), max_size=4))
def test_the_changes_one_by_one_give_the_lines_what_is_known_in_the_end(said: list[PayerAnswer]) -> None:
    """What the store keeps and what the workflow makes of the changes are the same."""
    lines = tuple(
        Line(sequence=each, kind=LineKind.DRUG, code="J0696", place_of_service="12", units=14, state=P)
        for each in (1, 2, 3)
    )
    known, plain = PayerAnswer(), [each.model_copy(update={"information": None}) for each in said]
    for each in plain:
        known, new = receive(known, each)
        lines = apply(lines, new) if new else lines
    assert {line.sequence: line.state for line in lines} == {1: P, 2: P, 3: P} | states(known)


@given(order=st.permutations([answer(l1=A, l2=P), answer(l1=P, l2=D, l3=P), answer(l1=P, l2=P, l3=P)]))
def test_who_has_read_the_newest_is_not_set_back_by_an_older_one(order: list[PayerAnswer]) -> None:
    stored: list[PayerAnswer] = []
    for each in order:
        stored.append(known_after(*stored[-1:], each))
    for older in stored:
        assert changes(stored[-1], older) is None
