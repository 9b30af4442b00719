"""A changed order needs a new signature: the one that is there was given for the order as it was."""

from datetime import date
from itertools import zip_longest
from typing import Final

from firstdose.domain.referral.amounts import same_dose
from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.order import Drug, Medication
from firstdose.domain.referral.referral import Referral

SIGNED_ON: Final = "order.signed_on"


def with_its_signature(known: Referral, new: Referral, *, newly_signed: bool = False) -> Referral:
    """The new version, unsigned where it orders something else than what was signed.

    `newly_signed`: whoever made the new version also says when it was signed. A later day says so by itself. A fact
    that was missing and is there now changes nothing that was signed.
    """
    signed_on, before = new.order.signed_on, known.order
    if newly_signed or signed_on is None:
        return new
    if before.signed_on is None:
        former = signed_on == before.former_signed_on
    else:
        former = signed_on == before.signed_on and _orders_otherwise(known, new)
    return _unsigned(new, signed_on) if former else new


def _unsigned(referral: Referral, signed_on: date) -> Referral:
    order = referral.order.model_copy(update={"signed_on": None, "former_signed_on": signed_on})
    return referral.model_copy(update={"order": order})


def _orders_otherwise(known: Referral, new: Referral) -> bool:
    if not known.order.medications:
        return False
    pairs = zip_longest(known.order.medications, new.order.medications)
    return any(was is None or now is None or _differs(was, now) for was, now in pairs)


def _differs(was: Medication, now: Medication) -> bool:
    """What is written in other words is the same order."""
    return (
        _another_drug(was.drug, now.drug)
        or _another_dose(was, now)
        or (was.route is not None and was.route is not now.route)
        or (was.frequency is not None and _plain(was.frequency) != _plain(now.frequency))
    )


def _another_drug(was: Drug, now: Drug) -> bool:
    """By what it is, not by a billing code: a J-code may stand for many drugs."""
    if was == Drug() or (was.rxnorm and was.rxnorm == now.rxnorm):
        return False
    if was.name and now.name:
        return was.name.casefold().split() != now.name.casefold().split()
    return not was.is_the_same_as(now)


def _another_dose(was: Medication, now: Medication) -> bool:
    if was.dose is None or was.dose == now.dose:
        return False
    before, after = was.dose_quantity, now.dose_quantity
    return not (before and after and same_dose((before.value, before.unit), (after.value, after.unit)))


def _plain(frequency: str | None) -> str | None:
    return (frequency_code(frequency) or frequency.casefold()) if frequency else None
