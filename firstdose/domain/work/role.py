"""Who acts: the roles of the pharmacy's staff, and the person, partner or part of the system behind an action."""

from enum import StrEnum
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Role(StrEnum):
    INTAKE_COORDINATOR = "intake_coordinator"
    CUSTOMER_SERVICE = "customer_service"
    REIMBURSEMENT_SPECIALIST = "reimbursement_specialist"
    PHARMACIST = "pharmacist"
    NURSE_COORDINATOR = "nurse_coordinator"
    NURSE = "nurse"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"


class ActorKind(StrEnum):
    """How an actor proved who it is; the id of one kind says nothing about another."""

    STAFF = "staff"
    """A person, by a token of the issuer; the id is the token's subject."""
    SOURCE = "source"
    """A referral source, by the signature of its webhook."""
    PAYER = "payer"
    """A payer, by the secret of its subscription; the id is the payer's."""
    SYSTEM = "system"
    """A part of this system."""
    OPERATOR = "operator"
    """Whoever runs a command on a machine that has the keys; the id is their name there."""


class Actor(BaseModel):
    """Who did it. Staff alone have roles. `nurses` are the roster's ids for whom the token's login stands."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str = Field(min_length=1, max_length=200)
    roles: tuple[Role, ...] = ()
    kind: ActorKind = ActorKind.STAFF
    nurses: tuple[str, ...] = Field(default=(), exclude_if=lambda nurses: not nurses)

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, given: Any) -> Any:
        """Before there were kinds, two ids without roles stood for the system and for the source."""
        if not isinstance(given, dict) or "kind" in given or given.get("roles"):
            return given
        return {**given, "kind": _OLDER.get(str(given.get("id")), ActorKind.STAFF)}

    @model_validator(mode="after")
    def _only_staff_have_roles(self) -> Self:
        if self.roles and self.kind is not ActorKind.STAFF:
            raise ValueError("only staff have roles")
        return self

    @property
    def label(self) -> str:
        """As the audit and pages name the actor: `staff:…`, `payer:…`, `operator:…`, `source`, `system`."""
        stands_alone = self.kind is not ActorKind.STAFF and self.id == self.kind
        return self.kind.value if stands_alone else f"{self.kind}:{self.id}"


_OLDER: Final = {"system": ActorKind.SYSTEM, "source": ActorKind.SOURCE}

SYSTEM: Final = Actor(id="system", kind=ActorKind.SYSTEM)
SOURCE: Final = Actor(id="source", kind=ActorKind.SOURCE)
"""The referral source, speaking through its webhook; which one stands with what it sent."""
