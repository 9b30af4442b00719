"""What the Temporal Web UI shows of a referral: current details in Markdown, and the search attributes."""

from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from firstdose.domain.authorization.lines import Line, LineState
from firstdose.domain.authorization.steps import overall
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.work.journal import ReferralSnapshot, WaitingFor
from firstdose.domain.work.role import Role
from workflows.mechanism.case import Case
from workflows.mechanism.control import Control
from workflows.mechanism.journal import Journal
from workflows.mechanism.worklist import Worklist
from workflows.messages import (
    AUTHORIZATION,
    NEXT_DUE,
    ON_HOLD,
    PAYER,
    SOURCE,
    STAGE,
    THERAPY,
    URGENCY,
    WAITING_FOR,
)


class Visibility:
    def __init__(self, source: str, case: Case, control: Control, journal: Journal, worklist: Worklist) -> None:
        self._source = source
        self._case = case
        self._control = control
        self._journal = journal
        self._worklist = worklist
        self._shown: dict[str, object] = {}

    def standing(self) -> ReferralSnapshot:
        case = self._case
        return ReferralSnapshot(
            stage=case.stage,
            closing=case.closing,
            lines=case.lines,
            waiting_for=self._waiting_for(),
            next_due=self._next_due(),
            on_hold=self._control.hold is not None,
            visit_at=case.visit.visit_at if case.visit else None,
            blocked_by=case.blocked_by,
        )

    def show(self) -> ReferralSnapshot:
        """Update the Web UI's details and search attributes."""
        standing = self.standing()
        workflow.set_current_details(self._details(standing))
        self._upsert(standing)
        return standing

    def _waiting_for(self) -> tuple[Role | WaitingFor, ...]:
        roles: set[Role | WaitingFor] = {item.role for item in self._worklist.open_items}
        asked = (LineState.SUBMITTED, LineState.PENDED, LineState.APPEALED)
        if self._case.closing is None and any(line.state in asked for line in self._case.lines):
            roles.add(WaitingFor.PAYER)
        if self._journal.waits_for_store:
            roles.add(WaitingFor.SYSTEM)
        return tuple(sorted(roles))

    def _next_due(self) -> datetime | None:
        dues = (self._worklist.next_due(), *(request.due_at for request in self._case.owed))
        return min(filter(None, dues), default=None)

    def _upsert(self, standing: ReferralSnapshot) -> None:
        wanted: list[SearchAttributeUpdate] = [  # type: ignore[type-arg]
            STAGE.value_set(standing.stage),
            SOURCE.value_set(self._source),
            THERAPY.value_set(therapy) if (therapy := self._case.outline.therapy) else THERAPY.value_unset(),
            URGENCY.value_set(self._case.outline.urgency),
            PAYER.value_set(self._case.plan.payer),
            AUTHORIZATION.value_set(overall(standing.lines)),
            WAITING_FOR.value_set([str(each) for each in standing.waiting_for]),
            NEXT_DUE.value_set(standing.next_due) if standing.next_due else NEXT_DUE.value_unset(),
            ON_HOLD.value_set(standing.on_hold),
        ]
        changed = [update for update in wanted if self._shown.get(update.key.name, ...) != update.value]
        if changed:
            self._shown |= {update.key.name: update.value for update in changed}
            workflow.upsert_search_attributes(changed)

    def _details(self, standing: ReferralSnapshot) -> str:
        head = f"### {standing.closing or standing.stage}"
        if self._control.hold is not None:
            head += f" · on hold: {self._control.hold.reason}"
        refused = f"Refused: {self._case.refused}" if self._case.refused else ""
        parts = [
            head,
            refused,
            "**The store cannot be written**: nothing goes on until it can." if self._journal.waits_for_store else "",
            self._lines(standing),
            self._items(),
            *(f"- **blocked by:** {why}" for why in standing.blocked_by),
        ]
        return "\n\n".join(filter(None, parts))

    def _lines(self, standing: ReferralSnapshot) -> str:
        rows = [
            f"- **{line.kind}** {line.code} × {line.units}: **{line.state}**{_granted(line)}" for line in standing.lines
        ]
        rows += [_awaited(request.clock, request.due_at) for request in self._case.owed if request.clock]
        return "\n".join(["#### Prior authorization", *rows]) if rows else ""

    def _items(self) -> str:
        rows = [
            f"- **{item.kind}** by {item.role}, due {_minute(item.due_at)}"
            + (f", escalated {item.level} times" if item.level else "")
            + f" · work item `{item.id}`"
            for item in self._worklist.open_items
        ]
        return "\n".join(["#### Waits for", *rows]) if rows else ""


def _awaited(clock: Clock, due_at: datetime | None) -> str:
    rule = f"({clock.rule}, {clock.citation})"
    if due_at is None:
        return f"- the payer's clock stands still while it waits for us {rule}"
    return f"- the payer decides by **{_minute(due_at)}** {rule}"


def _granted(line: Line) -> str:
    return f", until {line.valid_to}" if line.valid_to else ""


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
