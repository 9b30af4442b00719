"""Whether two referrals may be one order that came twice: the same patient, drug and start under another number."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from firstdose.domain.referral.identity import plain_numbers
from firstdose.domain.referral.order import Drug
from firstdose.domain.referral.person_name import plain_spellings
from firstdose.domain.referral.referral import Referral


def person_marks(referral: Referral) -> frozenset[str]:
    """By what its patient is known again: birth date with family name, and each member id.

    They identify the patient: nothing but a keyed fingerprint of a mark may be stored.
    """
    return frozenset(_marks(referral))


def _marks(referral: Referral) -> Iterator[str]:
    patient = referral.patient
    if patient.birth_date and patient.family_name:
        yield from born_marks(patient.family_name, patient.birth_date)
    yield from member_marks(one.member_id for one in referral.coverages if one.member_id)


def born_marks(family_name: str, birth_date: date) -> Iterator[str]:
    for name in plain_spellings(family_name):
        yield f"born|{birth_date.isoformat()}|{name}"


def member_marks(numbers: Iterable[str]) -> Iterator[str]:
    for number in plain_numbers(numbers):
        yield f"member|{number}"


def may_be_the_same_order(one: Referral, other: Referral, *, within: timedelta) -> bool:
    """Whether a drug of both is the same, and they start not farther apart than that, as far as it is told."""
    return _start_together(one, other, within) and any(
        _same_drug(mine.drug, theirs.drug) for mine in one.order.medications for theirs in other.order.medications
    )


def _start_together(one: Referral, other: Referral, within: timedelta) -> bool:
    mine, theirs = one.order.requested_start, other.order.requested_start
    return mine is None or theirs is None or abs(mine - theirs) <= within


def _same_drug(one: Drug, other: Drug) -> bool:
    """One code or the name is enough: sources code the same drug by different packages."""
    codes = any(
        getattr(one, kind) and getattr(one, kind) == getattr(other, kind) for kind in ("ndc", "rxnorm", "hcpcs")
    )
    return codes or bool(one.name and other.name and _plain(one.name) == _plain(other.name))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
