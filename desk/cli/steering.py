"""Steering a referral: `hold`, `resume`, `cancel`, `amend`, `override`, `approve`."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter

from desk.cli import display
from desk.cli.data_file import read_object
from desk.cli.failure import Misuse
from desk.cli.options import ActingAs, AsJson, Code, DataFile, ReferralId
from firstdose.domain.care.gates import Gate
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing


def hold(
    referral_id: ReferralId,
    /,
    *,
    reason: Annotated[HoldReason, Code, Parameter(help="Why; what is to be told besides belongs into a note.")],
    until: Annotated[
        datetime | None, Parameter(help="When it resumes by itself, e.g. 2026-12-01T08:00; local time if not said.")
    ] = None,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Pause every track of a referral at its next step."""
    _steer(referral_id, "hold", {"reason": reason} | _ending(until), acting_as, as_json=as_json)


def resume(referral_id: ReferralId, /, *, acting_as: ActingAs = None, as_json: AsJson = False) -> None:
    """Go on after a hold."""
    _steer(referral_id, "resume", {}, acting_as, as_json=as_json)


def cancel(
    referral_id: ReferralId,
    /,
    *,
    reason: Annotated[Closing, Code, Parameter(help="How the referral ends.")],
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """End a referral and undo what was reserved and promised."""
    if reason is Closing.COMPLETED:
        raise Misuse("--reason: a cancelled referral does not end completed")
    _steer(referral_id, "cancel", {"reason": reason}, acting_as, as_json=as_json)


def amend(
    referral_id: ReferralId,
    /,
    *,
    file: Annotated[DataFile, Parameter(help="The new version of the referral's data as JSON, or - for stdin.")],
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Put a new version of the facts in place of the old one."""
    _steer(referral_id, "amend", read_object(file), acting_as, as_json=as_json)


def override(
    referral_id: ReferralId,
    /,
    *,
    gate: Annotated[Gate, Code, Parameter(help="authorization; every other gate is mended instead.")],
    reason: Annotated[OverrideReason, Code, Parameter(help="Why; what is to be told besides belongs into a note.")],
    until: Annotated[
        datetime | None, Parameter(help="When it ends; local time if not said, the policy's time if not given.")
    ] = None,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Ask to start therapy without the payer's answer; another supervisor has to approve."""
    body = {"gate": gate, "reason": reason} | _ending(until)
    _steer(referral_id, "override", body, acting_as, as_json=as_json)


def approve(
    referral_id: ReferralId,
    override_id: Annotated[str, Parameter(help="What `firstdose override` answered.")],
    /,
    *,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Approve what another supervisor asked to override."""
    _steer(referral_id, "approve", {"override_id": override_id}, acting_as, as_json=as_json)


def _ending(until: datetime | None) -> dict[str, str]:
    return {"until": until.astimezone().isoformat()} if until else {}


def _steer(referral_id: str, verb: str, body: dict[str, Any], acting_as: Role | None, *, as_json: bool) -> None:
    from desk.cli.client import open_desk

    with open_desk(acting_as) as desk:
        answer = desk.post("api", "referrals", desk.referral(referral_id), verb, body=body, key=uuid.uuid4().hex)
    if as_json:
        display.as_json(answer)
    else:
        display.outcome(verb, answer)
        if verb == "override":
            display.line(f"another supervisor approves it with: firstdose approve {referral_id} {answer.get('id')}")
