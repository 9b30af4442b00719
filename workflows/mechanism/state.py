"""The whole state of a referral as values: recorded with each batch, and enough to start the referral again."""

from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter

from workflows.authorization.state import AuthorizationState
from workflows.mechanism.case import Case
from workflows.mechanism.control import Control
from workflows.mechanism.journal import JournalState
from workflows.mechanism.worklist import WorklistState
from workflows.messages import ReferralStart


@dataclass
class ReferralState:
    """Each part belongs to the class that it is named after; `applied` are the messages that were acted on."""

    case: Case
    authorization: AuthorizationState = field(default_factory=AuthorizationState)
    control: Control = field(default_factory=Control)
    worklist: WorklistState = field(default_factory=WorklistState)
    journal: JournalState = field(default_factory=JournalState)
    to_undo: list[str] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)

    @staticmethod
    def at_start(start: ReferralStart) -> "ReferralState":
        """A new referral's, or the recorded state of one that goes on."""
        return _JSON.validate_json(start.state) if start.state else ReferralState(Case(start.referral_id))

    def to_json(self) -> str:
        return _JSON.dump_json(self, exclude_defaults=True).decode()


_JSON: Final = TypeAdapter(ReferralState)
