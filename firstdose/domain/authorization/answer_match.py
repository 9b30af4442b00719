"""Whose answer it is: whether what a payer sent names our request and our patient, others, or says nothing of them.

The one place that decides it, for every protocol. What an answer leaves out contradicts nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.identity import IdentityMatch, KnownPerson, Person, compare_person
from firstdose.domain.referral.referral import Referral


class Whose(StrEnum):
    """`SILENT`: it names no request, so that it counts only as the direct answer to a call of ours."""

    OURS = "ours"
    SILENT = "silent"
    ANOTHER_REQUEST = ProblemCode.ANSWER_FOR_ANOTHER_REQUEST.value
    ANOTHER_PATIENT = ProblemCode.ANSWER_FOR_ANOTHER_PATIENT.value

    @property
    def foreign(self) -> bool:
        return self in FOREIGN


FOREIGN: Final = (Whose.ANOTHER_REQUEST, Whose.ANOTHER_PATIENT)


@dataclass(frozen=True, slots=True)
class Named:
    """What an answer names, as it came: PHI, in memory only."""

    requests: frozenset[str] = field(default=frozenset(), repr=False)
    """Numbers by which it names the request that it answers."""
    numbers: frozenset[str] = field(default=frozenset(), repr=False)
    """Numbers that may name it, or be the payer's own: they prove that it is ours, and never that it is another's."""
    patients: tuple[tuple[Person, ...], ...] = field(default=(), repr=False)
    """Whom it is about. Each is told as the people who may be meant, for not every payer says which one it is."""


@dataclass(frozen=True, slots=True)
class Ours:
    """Our request and our patient, as the facts stood at one time."""

    trace: str
    patient: KnownPerson = field(repr=False)

    @classmethod
    def of(cls, trace: str, referral: Referral) -> Self:
        return cls(trace, KnownPerson.of(referral))


def whose_request(named: Named, trace: str) -> Whose:
    """By the numbers alone. A number of ours counts wherever it stands."""
    ours = trace.casefold()
    if ours in map(str.casefold, named.requests | named.numbers):
        return Whose.OURS
    return Whose.ANOTHER_REQUEST if named.requests else Whose.SILENT


def whose_answer(named: Named, ours: Ours) -> Whose:
    """By request and patient: one that is named and not ours is enough to refuse it."""
    request = whose_request(named, ours.trace)
    if request is Whose.ANOTHER_REQUEST:
        return request
    if any(_is_another(people, ours.patient) for people in named.patients):
        return Whose.ANOTHER_PATIENT
    return request


def refusal(whose: Whose, *, direct: bool) -> ProblemCode | None:
    """Why an answer may change nothing; None if it counts. `direct`: it came as the answer to a call of ours.

    What comes by itself and names no request is no answer to ours.
    """
    if whose is Whose.SILENT:
        return None if direct else ProblemCode.ANSWER_FOR_ANOTHER_REQUEST
    return ProblemCode(whose) if whose.foreign else None


def _is_another(people: Iterable[Person], patient: KnownPerson) -> bool:
    told = {compare_person(person, patient) for person in people}
    return IdentityMatch.SAME not in told and IdentityMatch.OTHER in told
