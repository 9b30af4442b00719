"""Whose answer it is, by request and patient, and when one counts."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.answer_match import Named, Ours, Whose, refusal, whose_answer, whose_request
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.identity import KnownPerson, Person
from firstdose.domain.referral.person_name import PersonName

TRACE = "0123456789abcdef0123456789abcdef"
KNOWN = KnownPerson(frozenset(["W1"]), date(1961, 4, 17), PersonName("Sample", "Avery"), dependent=False)
OURS = Ours(TRACE, KNOWN)
US, OTHERS, NOBODY = Person(frozenset(["W1"])), Person(frozenset(["W2"])), Person()


def named(*requests: str, numbers: tuple[str, ...] = (), patients: tuple[tuple[Person, ...], ...] = ()) -> Named:
    return Named(frozenset(requests), frozenset(numbers), patients)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (named(), Whose.SILENT),
        (named(TRACE), Whose.OURS),
        (named(TRACE.upper()), Whose.OURS),
        (named("f" * 32), Whose.ANOTHER_REQUEST),
        (named("f" * 32, TRACE), Whose.OURS),
        (named(TRACE[:-1]), Whose.ANOTHER_REQUEST),
        (named(numbers=(TRACE,)), Whose.OURS),
        (named(numbers=("PAYER-77",)), Whose.SILENT),
        (named("f" * 32, numbers=(TRACE.upper(),)), Whose.OURS),
        (named("f" * 32, numbers=("PAYER-77",)), Whose.ANOTHER_REQUEST),
    ],
)
def test_the_request(told: Named, expected: Whose) -> None:
    assert whose_request(told, TRACE) is expected
    assert whose_answer(told, OURS) is expected


@pytest.mark.parametrize(
    ("patients", "another"),
    [
        ((), False),
        (((),), False),
        (((US,),), False),
        (((NOBODY,),), False),
        (((OTHERS,),), True),
        (((US, OTHERS),), False),
        (((OTHERS, US),), False),
        (((NOBODY, OTHERS),), True),
        (((US,), (OTHERS,)), True),
        (((OTHERS,), (US,)), True),
        (((US,), (NOBODY,)), False),
    ],
)
@pytest.mark.parametrize("requests", [(), (TRACE,), ("f" * 32,)])
def test_the_patient(patients: tuple[tuple[Person, ...], ...], another: bool, requests: tuple[str, ...]) -> None:
    whose = whose_answer(named(*requests, patients=patients), OURS)
    by_request = whose_request(named(*requests), TRACE)
    if by_request is Whose.ANOTHER_REQUEST or not another:
        assert whose is by_request
    else:
        assert whose is Whose.ANOTHER_PATIENT


@pytest.mark.parametrize(
    ("whose", "direct", "expected"),
    [
        (Whose.OURS, True, None),
        (Whose.OURS, False, None),
        (Whose.SILENT, True, None),
        (Whose.SILENT, False, ProblemCode.ANSWER_FOR_ANOTHER_REQUEST),
        *(
            (one, direct, ProblemCode(one))
            for one, direct in product((Whose.ANOTHER_PATIENT, Whose.ANOTHER_REQUEST), (True, False))
        ),
    ],
)
def test_what_counts(whose: Whose, direct: bool, expected: ProblemCode | None) -> None:
    assert refusal(whose, direct=direct) is expected


@given(st.frozensets(st.text(max_size=4)), st.frozensets(st.text(max_size=4)), st.booleans())
def test_a_number_of_ours_counts_among_any_others(
    requests: frozenset[str], numbers: frozenset[str], sure: bool
) -> None:
    ours = frozenset([TRACE])
    told = Named(requests | ours, numbers) if sure else Named(requests, numbers | ours)
    assert whose_request(told, TRACE) is Whose.OURS
    without = whose_request(Named(requests, numbers), TRACE)
    assert without is (Whose.ANOTHER_REQUEST if requests else Whose.SILENT)


def test_what_is_named_is_never_shown() -> None:
    told = named("NUMBER", numbers=("CANARY",), patients=((Person(frozenset(["CANARY"])),),))
    assert "CANARY" not in repr(told) + repr(OURS) + repr(KNOWN) + repr(told.patients)
    assert "Sample" not in repr(OURS) + repr(KNOWN)
