"""The referral that the demo leaves open: the simulated staff do not assess the patient, the reader may."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from firstdose.domain.referral.source_message import MessageType
from firstdose.domain.work.role import Role
from local.state import SOURCE
from simulator.referrals import make_referral
from simulator.scenario import load_scenarios
from simulator.source import SimulatedSource
from simulator.staff_api import StaffApi, desk_client

_SCENARIO: Final = "left_for_reader"
_NUMBER: Final = 9_001
"""Of the patient; beyond those of the referrals that play."""


async def leave_one_open(desk: str, secret: str) -> str:
    """Sends it as the local stack's source does, and gives its id. Raises DeskAway, DeskRefused."""
    run = f"DEMO-{datetime.now(UTC):%Y%m%d%H%M%S}"
    referral = make_referral(load_scenarios()[_SCENARIO], _NUMBER, run=run)
    async with desk_client(desk) as http:
        return await SimulatedSource(http, SOURCE, secret).send(MessageType.RECEIVED, referral, f"{run}-{_NUMBER}")


async def what_waits(desk: str, tokens: Mapping[str, str], referral_id: str) -> str:
    """What the reader may do with it. Raises DeskAway, DeskRefused."""
    async with desk_client(desk) as http:
        rows = await StaffApi(http, tokens).referrals()
    number = next((row.number for row in rows if row.id == referral_id), referral_id)
    return (
        f"Referral {number} waits for you: sign in as {Role.PHARMACIST} with the link above and assess its patient;"
        " the simulated staff do the rest."
    )
