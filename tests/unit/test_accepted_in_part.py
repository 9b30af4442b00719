"""A person accepts what the payer granted in part: its number, period and units stay."""

from datetime import date
from typing import Any

import pytest

from firstdose.domain.authorization.answers import accept, decide
from firstdose.domain.authorization.lines import Line, LineAnswer, LineKind, LineState

S = LineState
FROM, TO = date(2026, 12, 1), date(2026, 12, 7)


def line(state: LineState, sequence: int = 1, **more: Any) -> Line:
    granted = {"number": "A1", "valid_from": FROM, "valid_to": TO, "authorized_units": 7}
    asked = {"kind": LineKind.DRUG, "code": "J0696", "place_of_service": "12", "units": 14}
    return Line.model_validate({"sequence": sequence, "state": state, **asked, **granted, **more})


@pytest.mark.parametrize("state", [S.PARTIAL, S.MODIFIED])
def test_what_was_granted_is_approved_as_it_was_granted(state: LineState) -> None:
    accepted, other = accept((line(state), line(state, sequence=2)), [1])
    assert accepted == line(S.APPROVED)
    assert other == line(state, sequence=2)


@pytest.mark.parametrize("state", [S.DENIED, S.PENDED, S.APPROVED, S.VOID])
def test_nothing_else_can_be_accepted(state: LineState) -> None:
    assert accept((line(state),), [1]) == (line(state),)


def test_a_decision_that_leaves_out_period_and_units_keeps_them() -> None:
    (decided,) = decide((line(S.PARTIAL),), (LineAnswer(sequence=1, state=S.APPROVED),))
    assert decided == line(S.APPROVED)


def test_a_decision_that_names_them_stands() -> None:
    said = LineAnswer(sequence=1, state=S.APPROVED, number="B2", valid_from=TO, units=14)
    (decided,) = decide((line(S.MODIFIED),), (said,))
    assert decided == line(S.APPROVED, number="B2", valid_from=TO, valid_to=None, authorized_units=14)


def test_the_period_of_a_denial_is_none_of_an_approval() -> None:
    (decided,) = decide((line(S.DENIED),), (LineAnswer(sequence=1, state=S.APPROVED),))
    assert (decided.valid_from, decided.valid_to, decided.authorized_units) == (None, None, None)
