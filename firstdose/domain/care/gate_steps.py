"""The step that mends each gate: who takes it, by which work item, and what opens the gate."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from firstdose.domain.care.gates import ClosedGate, Gate, GateReason
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind


class GateStep(BaseModel):
    """`item` is the work item that asks for it; None where nothing but a steering message opens the gate."""

    model_config = ConfigDict(frozen=True)

    item: WorkItemKind | None
    opens: str

    @property
    def role(self) -> Role | None:
        """Whose step it is; None where it is anybody's of the team."""
        return None if self.item is None else ROLE_OF[self.item]


def _step(item: WorkItemKind | None, opens: str) -> GateStep:
    return GateStep(item=item, opens=opens)


STEP_OF: Final[Mapping[Gate, GateStep]] = {
    Gate.LICENSED: _step(WorkItemKind.RECONCILE, "a supervisor has the referral transferred, or closes it"),
    Gate.ORDER: _step(WorkItemKind.COMPLETE_REFERRAL, "intake gets the signature and what else is missing"),
    Gate.AUTHORIZATION: _step(WorkItemKind.SUBMIT_AUTHORIZATION, "the authorization is renewed or decided"),
    Gate.ASSESSMENT: _step(WorkItemKind.ASSESS_PATIENT, "the pharmacist assesses the patient for this site"),
    Gate.AGREEMENT: _step(WorkItemKind.REVIEW_BENEFITS, "customer service has the agreement signed"),
    Gate.THERAPY: _step(WorkItemKind.PREPARE_THERAPY, "the pharmacist has the therapy prepared and delivered"),
    Gate.KIT: _step(WorkItemKind.PREPARE_THERAPY, "the pharmacist adds the kit, or documents why none is needed"),
    Gate.VISIT_TIME: _step(WorkItemKind.PLACE_VISIT, "the visit is moved to a time that is possible"),
    Gate.NURSE: _step(WorkItemKind.PLACE_VISIT, "another nurse is found"),
    Gate.PATIENT_CONFIRMED: _step(WorkItemKind.CONFIRM_TIME, "customer service has the patient confirm the time"),
    Gate.HOLD: _step(None, "whoever holds the referral resumes it"),
    Gate.CONTACT: _step(WorkItemKind.COMPLETE_REFERRAL, "it is settled how the patient may be contacted"),
}
"""Every gate has its step; only that of the authorization may be overridden instead."""

_MOVED: Final = _step(WorkItemKind.PLACE_VISIT, "the visit is moved into the authorized period")

OVERRIDABLE: Final = Gate.AUTHORIZATION
"""Two supervisors may let therapy start without the payer's answer. Every other gate is mended, not overridden."""


def step_of(closed: ClosedGate) -> GateStep:
    """An authorization that begins later is waited for: the visit moves, nothing is renewed."""
    return _MOVED if closed.reason is GateReason.BEGINS_AFTER_VISIT else STEP_OF[closed.gate]


def described(closed: ClosedGate) -> str:
    """One line for people: the gate, why it is closed, and what opens it."""
    return f"{closed.gate}: {closed.why}; {step_of(closed).opens}"
