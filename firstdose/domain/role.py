"""Who acts: the roles of the pharmacy's staff, and the person or system behind an action."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Role(StrEnum):
    INTAKE_COORDINATOR = "intake_coordinator"
    CUSTOMER_SERVICE = "customer_service"
    REIMBURSEMENT_SPECIALIST = "reimbursement_specialist"
    PHARMACIST = "pharmacist"
    NURSE_COORDINATOR = "nurse_coordinator"
    NURSE = "nurse"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"


class Actor(BaseModel):
    """Who did it: a person by the subject of their token, or a part of the system. `id` is opaque, never a name."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str = Field(min_length=1, max_length=200)
    roles: tuple[Role, ...] = ()

    def may_act_as(self, role: Role) -> bool:
        """A supervisor may do anybody's work; an auditor nobody's."""
        return role in self.roles or Role.SUPERVISOR in self.roles


SYSTEM: Final = Actor(id="system")
SOURCE: Final = Actor(id="source")
"""The referral source, speaking through its webhook."""
