"""What rests on what: each settled result and the facts that it rests on (docs/process.md, "When facts change").

When any of these facts changes, the result is stale: it is made anew, or its owner looks at it again.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from firstdose.domain.referral.versions import OF_FORMER, Change


class SettledResult(StrEnum):
    """What the process has settled and goes on from."""

    VERIFICATION = "verification"
    AUTHORIZATION = "authorization"
    ASSESSMENT = "assessment"
    AGREEMENT = "agreement"
    THERAPY = "therapy"
    """The order settled with the prescriber, and what was prepared for it."""
    VISIT = "visit"
    """The visit with its nurse."""
    LICENSE = "license"
    """That we are licensed where the patient is, and may contact them."""


_THE_ORDER: Final = frozenset({Change.DRUG, Change.DOSE, Change.ROUTE, Change.FREQUENCY})
_THE_LINES: Final = frozenset({Change.THERAPY, Change.NURSING})
"""Of these the kinds and codes of the lines are made, besides what process and payer call the order."""

RESTS_ON: Final[Mapping[SettledResult, frozenset[Change]]] = {
    SettledResult.VERIFICATION: frozenset(
        {
            Change.PAYER,
            Change.PLAN,
            Change.MEMBER,
            Change.SUBSCRIBER,
            Change.NAME,
            Change.BIRTH_DATE,
            Change.AGE,
        }
    ),
    SettledResult.AUTHORIZATION: _THE_ORDER
    | _THE_LINES
    | {Change.PAYER, Change.PLAN, Change.DURATION, Change.QUANTITY, Change.SITE, Change.DIAGNOSES, Change.PRESCRIBER},
    SettledResult.ASSESSMENT: frozenset(
        {
            Change.ALLERGIES,
            Change.WEIGHT,
            Change.HEIGHT,
            Change.HISTORY,
            Change.DRUG,
            Change.DOSE,
            Change.ROUTE,
            Change.ACCESS_DEVICE,
            Change.SITE,
            Change.ADDRESS,
            Change.STATE,
            Change.CAREGIVER,
            Change.HOSPITAL_STAY,
            Change.AGE,
        }
    ),
    SettledResult.AGREEMENT: frozenset(
        {Change.PAYER, Change.PLAN, Change.OTHER_COVERAGE, Change.AMOUNTS, Change.LINES, Change.WHO_PAYS}
    ),
    SettledResult.THERAPY: _THE_ORDER
    | {Change.WEIGHT, Change.HEIGHT, Change.ALLERGIES, Change.SIGNATURE, Change.HOSPITAL_STAY},
    SettledResult.VISIT: frozenset(
        {
            Change.ADDRESS,
            Change.STATE,
            Change.SITE,
            Change.THERAPY,
            Change.DRUG,
            Change.ACCESS_DEVICE,
            Change.NURSING,
            Change.START,
            Change.DISCHARGE,
            Change.TIME_ZONE,
            Change.HOSPITAL_STAY,
        }
    ),
    SettledResult.LICENSE: frozenset({Change.STATE, Change.CONTACT_ALLOWED}),
}
"""Quantity follows from the order, and changes alone with a weight; medicines are part of the history."""

MADE_ANEW: Final[Mapping[SettledResult, frozenset[Change]]] = {
    SettledResult.VERIFICATION: RESTS_ON[SettledResult.VERIFICATION],
    SettledResult.AUTHORIZATION: RESTS_ON[SettledResult.AUTHORIZATION] - {Change.QUANTITY},
    SettledResult.ASSESSMENT: frozenset(),
    SettledResult.AGREEMENT: frozenset({Change.PAYER, Change.PLAN}),
    SettledResult.THERAPY: _THE_ORDER | {Change.HOSPITAL_STAY},
    SettledResult.VISIT: frozenset(
        {Change.STATE, Change.SITE, Change.THERAPY, Change.DRUG, Change.NURSING, Change.HOSPITAL_STAY}
    ),
    SettledResult.LICENSE: RESTS_ON[SettledResult.LICENSE],
}
"""After these changes nobody could confirm the result as it was. After any other its owner looks at it again."""


def in_detail(changes: Iterable[Change]) -> frozenset[Change]:
    """Each fact by its own code, also where an older record names all facts of a kind."""
    return frozenset(fact for change in changes for fact in OF_FORMER.get(change, frozenset({change})))


def stale_after(changes: Iterable[Change]) -> dict[SettledResult, frozenset[Change]]:
    """The results that rest on any of these, each with those on which it rests."""
    known = in_detail(changes)
    return {result: touched for result, facts in RESTS_ON.items() if (touched := known & facts)}


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Each once, in the order of the codes."""
    given = frozenset(changes)
    return tuple(change for change in Change if change in given)


def why_again(result: SettledResult, changes: Iterable[Change]) -> str:
    """A sentence for the people who wait for it."""
    reasons = [_HAPPENED.get(change, f"{change.replace('_', ' ')} changed") for change in in_order(changes)]
    return f"the {result} is being looked at again because {', '.join(reasons)}"


_HAPPENED: Final = {
    Change.HOSPITAL_STAY: "the patient was in hospital",
    Change.AGE: "it has become too old",
}
