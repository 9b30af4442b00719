"""What a form is made for: the item, who is asked, and what is known of the referral."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.referral.fact_groups import group_of
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.permissions import may_change, stands_in
from firstdose.domain.work.role import Actor


@dataclass(frozen=True, kw_only=True)
class AskedItem:
    """`zone` is the staff's. `referral` is None where this person may not read the facts."""

    item: WorkItemView
    actor: Actor
    zone: ZoneInfo
    referral: Referral | None = field(default=None, repr=False)

    @property
    def asks(self) -> Mapping[str, Any]:
        return self.item.asks

    @property
    def lines(self) -> tuple[Mapping[str, Any], ...]:
        """The lines to authorize that the item shows."""
        return tuple(self.asks.get("lines") or ())

    @property
    def patient_zone(self) -> ZoneInfo:
        """The patient's, where it is known."""
        told = self.referral.patient.time_zone if self.referral else None
        return ZoneInfo(told) if told else self.zone

    @property
    def is_by_word(self) -> bool:
        """Whether the visit is another's, on whose word this person reports it."""
        return self.item.offered_to is not None and self.item.offered_to not in self.actor.nurses

    def moment(self, name: str) -> datetime | None:
        """A moment that the item shows."""
        told = self.asks.get(name)
        return datetime.fromisoformat(told) if isinstance(told, str) else told

    def may_tell(self, path: str) -> bool:
        """Whether this person may change the fact by answering. Raises LookupError for what is none."""
        return may_change(self.actor, group_of(path), standing_in=stands_in(self.actor, self.item))
