"""The head of a case, which stays in sight: who and what it is about, how urgent, where it stands, who does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from desk.web.case.people import who
from desk.web.case.reading import OpenCase
from desk.web.words import words
from firstdose.adapters.postgres.referrals.views import ReferralRow, TimelineEntry
from firstdose.domain.referral.referral import Referral, Urgency
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.role import Role


@dataclass(frozen=True, kw_only=True)
class HeldUp:
    """A hold. `reason` is None where this page may not say it, `by` where it was not kept."""

    reason: HoldReason | None = None
    until: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Head:
    """`name` is None for whom no facts are shown, and where nobody knows it yet."""

    row: ReferralRow
    name: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    drugs: tuple[str, ...] = field(default=(), repr=False)
    discharge_at: datetime | None = field(default=None, repr=False)
    hold: HeldUp | None = None
    team: tuple[tuple[str, str], ...] = ()

    @property
    def urgent(self) -> bool:
        return self.row.outline.urgency is not Urgency.ROUTINE


def head_of(case: OpenCase) -> Head:
    facts = case.facts
    return Head(
        row=case.row,
        name=full_name(facts) if facts else None,
        birth_date=facts.patient.birth_date if facts else None,
        drugs=tuple(one.drug.name for one in facts.order.medications if one.drug.name) if facts else (),
        discharge_at=facts.discharge_at if facts else None,
        hold=_hold(case) if case.row.on_hold else None,
        team=_team(case.view.team),
    )


def closed_head(row: ReferralRow) -> Head:
    """For who has no part in the referral."""
    return Head(row=row, hold=HeldUp() if row.on_hold else None)


def full_name(facts: Referral) -> str | None:
    patient = facts.patient
    return " ".join(part for part in (patient.given_name, patient.family_name) if part) or None


def _hold(case: OpenCase) -> HeldUp:
    placed = _last(case.timeline, "held")
    told = case.state.control.hold
    by = who(placed.actor) if placed else None
    return HeldUp(reason=told.reason, until=told.until, by=by) if told else HeldUp(by=by)


def _last(timeline: tuple[TimelineEntry, ...], what: str) -> TimelineEntry | None:
    return next((entry for entry in reversed(timeline) if entry.what == what), None)


def _team(team: Mapping[Role, str]) -> tuple[tuple[str, str], ...]:
    return tuple((words(Role(role)), member) for role, member in team.items())
