"""Plan, drug and weight change at once after the drug was dispensed, seen from outside on a whole stack."""

import asyncio
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.domain.referral.source_message import MessageType
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind as K
from local.stack import LocalStack, StackOptions
from simulator.answers import resolution, script_of
from simulator.pace import Pace
from tests.integration.test_fax_to_visit import LONGEST, SAYS, SCENARIO, Pharmacy
from tests.whole_stack import POLICY, SEEDS, free_ports, outside

LATER = {"outcome": "accepted", "visit_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}


@pytest.fixture
async def pharmacy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pharmacy]:
    state = tmp_path_factory.mktemp("changed") / "state"
    options = StackOptions(state=state, ports=free_ports(), policy=POLICY, imports=SEEDS, simulator=False)
    async with LocalStack(options, report=print) as stack, outside(stack.state.path) as world:
        yield Pharmacy(world, left={K.COMPLETE_REFERRAL, K.CONFIRM_VISIT, K.REVIEW_CHANGE})


async def works(pharmacy: Pharmacy, referral_id: str, until: Callable[[], Any]) -> None:
    """Staff answer as usual until this is so."""
    async with asyncio.timeout(LONGEST):
        while not await until():
            for item in await pharmacy.items(referral_id):
                if item.kind not in pharmacy.left and item.id not in pharmacy.answered:
                    scripted = script_of(SCENARIO, item.kind)[0]
                    await pharmacy.answer(item, resolution(scripted, item, datetime.now(UTC), Pace(), lambda _: {}))
            await asyncio.sleep(0.3)


async def test_it_ends_right_and_everybody_sees_why(pharmacy: Pharmacy) -> None:
    referral_id = await pharmacy.refer({**SAYS, "source_referral_id": "CHANGED-1"}, "changed")

    async def timeline(what: str, **details: Any) -> list[dict[str, Any]]:
        entries = await pharmacy.get(f"/api/referrals/{referral_id}/timeline")
        return [each for each in entries if each["what"] == what and details.items() <= each["details"].items()]

    async def is_offered() -> bool:
        return bool(await pharmacy.items(referral_id, K.CONFIRM_VISIT))

    await works(pharmacy, referral_id, is_offered)
    offered = await pharmacy.item(referral_id, K.CONFIRM_VISIT)
    await pharmacy.answer(offered, {**LATER, "patient_confirmed": True})

    async def is_dispensed() -> bool:
        done = await timeline("work_item.resolved", kind="prepare_therapy")
        return bool(done and await timeline("source.told", business_status="5.1.1"))

    await works(pharmacy, referral_id, is_dispensed)
    newer = deepcopy({**SAYS, "source_referral_id": "CHANGED-1"})
    newer["coverages"][0] |= {"payer": {"id": "SOMEBODY-ELSE", "name": "Plan of Cardboard"}, "member_id": "CARD-1"}
    newer["order"] |= {"drug": {"name": "Vancomycin", "hcpcs": "J3370"}, "medications": []}
    newer["patient"]["weight_kg"] = 44.5
    await pharmacy.world.source.send(MessageType.UPDATED, newer, "changed-2")

    review = await pharmacy.item(referral_id, K.REVIEW_CHANGE)
    assert (review.role, review.asks["changed"]) == (Role.PHARMACIST, ["weight", "drug"])
    assert await timeline("compensated", step="return the stock")
    assert await timeline("compensated", step="release the visit")
    assert "5.1.3" in await pharmacy.told(referral_id)
    assert await timeline("authorization.voided")

    await pharmacy.answer(review, {"outcome": "still_holds"})
    pharmacy.left = {K.COMPLETE_REFERRAL}

    async def lacks_the_signature() -> bool:
        return bool(await pharmacy.items(referral_id, K.COMPLETE_REFERRAL))

    await works(pharmacy, referral_id, lacks_the_signature)
    (unsigned,) = await pharmacy.items(referral_id, K.COMPLETE_REFERRAL)
    assert unsigned.asks["missing"] == ["order.signed_on"]
    assert len(await timeline("work_item.resolved", kind="prepare_therapy")) == 1, "nothing more is dispensed before"
    await pharmacy.answer(
        unsigned, {"outcome": "supplied", "facts": {"order.signed_on": str(datetime.now(UTC).date())}}
    )
    await pharmacy.works_until(referral_id, "on_service", "closed")
    assert (await pharmacy.told(referral_id))[-1] == "7.0"
    view = await pharmacy.get(f"/api/referrals/{referral_id}")
    assert "J3370" in {line["code"] for line in view["lines"]}
    assert len(await timeline("work_item.resolved", kind="prepare_therapy")) == 2
