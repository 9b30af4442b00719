"""What stands after a payer's word: no order of arrival undoes a decision, and no line is forgotten."""

from functools import reduce
from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firstdose.domain.authorization.lines import (
    AWAITING,
    CONTRADICTED,
    InformationRequest,
    LineAnswer,
    LineState,
    PayerAnswer,
    hear,
)

P, A, D, R = LineState.PENDED, LineState.APPROVED, LineState.DENIED, LineState.NEEDS_REVIEW


def word(tracking: str | None = None, information: InformationRequest | None = None, **lines: LineState) -> PayerAnswer:
    """`word(l1=A, l2=P)`."""
    told = tuple(LineAnswer(sequence=int(name[1:]), state=state) for name, state in lines.items())
    return PayerAnswer(lines=told, tracking=tracking, information=information)


def states(answer: PayerAnswer) -> dict[int, LineState]:
    return {line.sequence: line.state for line in answer.lines}


WORDS = st.builds(
    PayerAnswer,
    lines=st.lists(
        st.builds(LineAnswer, sequence=st.integers(1, 3), state=st.sampled_from([P, A, D, R])),
        max_size=3,
        unique_by=lambda line: line.sequence,
    ).map(tuple),
    tracking=st.sampled_from([None, "T-1"]),
    information=st.sampled_from([None, InformationRequest(wanted=("lab",))]),
)


def test_the_first_word_stands() -> None:
    assert hear(None, word(l1=P)) == word(l1=P)


def test_a_waiting_word_does_not_take_the_place_of_a_decision() -> None:
    known = word(l1=A, l2=D)
    asks = InformationRequest(wanted=("lab",))
    for late in (word(l1=P, l2=P), word("T-1", l1=P, l2=P), word(information=asks, l1=P, l2=P), word()):
        assert hear(known, late) is known


def test_nor_for_a_part_of_the_lines() -> None:
    assert hear(word(l1=A, l2=P), word(l1=P, l2=P)) == word(l1=A, l2=P)
    assert states(hear(word(l1=A, l2=P), word(l1=P, l2=D))) == {1: A, 2: D}


def test_a_decision_that_overtook_the_response_leaves_the_other_lines_waiting() -> None:
    stands = hear(word(l1=A), word("T-1", l1=P, l2=P, l3=P))
    assert states(stands) == {1: A, 2: P, 3: P}
    assert (stands.pending, stands.tracking) == (True, "T-1")


def test_what_the_payer_asks_for_is_heard_while_a_line_waits() -> None:
    asks = InformationRequest(wanted=("lab",))
    stands = hear(word(l1=A, l2=P), word(information=asks, l1=P, l2=P))
    assert (states(stands), stands.information) == ({1: A, 2: P}, asks)


@pytest.mark.parametrize("order", [*permutations([word(l1=A, l2=A), word(l1=D, l2=A), word(l1=A, l2=A)])])
def test_of_two_decisions_that_contradict_each_other_neither_stands(order: tuple[PayerAnswer, ...]) -> None:
    stands = reduce(hear, order)
    assert states(stands) == {1: R, 2: A}
    assert stands.lines[0].reason_code == CONTRADICTED


def test_a_decision_settles_what_was_not_understood() -> None:
    assert hear(word(l1=R), word(l1=D)) == word(l1=D)


@given(known=WORDS, said=WORDS)
def test_no_decision_is_undone_and_no_line_forgotten(known: PayerAnswer, said: PayerAnswer) -> None:
    before, told, after = states(known), states(said), states(hear(known, said))
    assert after.keys() == before.keys() | told.keys()
    for sequence, state in after.items():
        if before.get(sequence, P) not in AWAITING:
            assert state in {before[sequence], told.get(sequence), R} - AWAITING
        assert state in (before.get(sequence), told.get(sequence), R)
        assert state is not A or {before.get(sequence), told.get(sequence)} <= {A, P, R, None}, "a denial is not undone"


@given(known=st.none() | WORDS, said=WORDS)
def test_a_word_heard_again_is_no_news(known: PayerAnswer | None, said: PayerAnswer) -> None:
    stands = hear(known, said)
    assert hear(stands, said) is stands


@given(said=st.lists(WORDS, max_size=3))
def test_what_is_decided_does_not_depend_on_the_order_unless_decisions_contradict(said: list[PayerAnswer]) -> None:
    decisions = {(line.sequence, line.state) for one in said for line in one.lines if line.state not in AWAITING}
    assume(len({sequence for sequence, _ in decisions}) == len(decisions))
    ends = [reduce(hear, order, None) for order in permutations(said)]
    assert all(end is None or states(end) == states(ends[0] or word()) for end in ends)
