"""The payer's desk over X12: a request takes effect once, whatever becomes of its answer."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.domain.authorization.lines import Certification, LineState
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.ports import AuthorizationRequest, EffectRequest, Unavailable
from tests.contract.cases import endpoint, lines, referral
from tests.contract.conftest import World
from tests.contract.memory import MemoryContacts, MemoryFiles, MemorySubscriptions


def desk(world: World, scenario: str) -> PayerGatewayService:
    payer = f"payer-{uuid4().hex[:6]}"
    plan = Plan(payer=payer, eligibility=Channel.X12, authorization=Channel.X12)
    reached = endpoint(f"{world.url}/x12/{payer}", payer=payer)
    return PayerGatewayService(
        MemoryFiles(CaseFile(referral(f"SIM-{scenario}-1"), reached, plan)),
        MemoryContacts(),
        MemorySubscriptions(),
        {Channel.X12: world.x12},
        public_url="http://127.0.0.1:1",
        subscription_secret=lambda _: "",
        clock=lambda: datetime.now(UTC),
    )


def asking(**changes: object) -> AuthorizationRequest:
    asked = AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines())
    return asked.model_copy(update=changes)


def trace(request: EffectRequest) -> str:
    return request.key.replace("-", "")


@pytest.mark.parametrize("scenario", ["ACCEPTS-THEN-DROPS-CONNECTION", "HTML-WITH-200", "TRUNCATED-JSON"])
async def test_an_answer_that_was_lost_is_asked_for(world: World, scenario: str) -> None:
    office, asked = desk(world, scenario), asking()
    with pytest.raises(Unavailable):
        await office.submit(asked)
    submission = await office.submit(asked)
    assert {line.state for line in submission.answer.lines} == {LineState.APPROVED}
    assert (await world.recorder())["submissions"][trace(asked)] == 1


async def test_what_the_payer_never_had_is_sent_again(world: World) -> None:
    office, asked = desk(world, "SERVER-ERRORS-THEN-OK"), asking()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await office.submit(asked)
    await office.submit(asked)
    assert (await world.recorder())["submissions"][trace(asked)] == 1


async def test_what_was_sent_is_cancelled_by_its_number(world: World) -> None:
    office, asked = desk(world, "PENDED-TEN-DAYS"), asking()
    await office.submit(asked)
    await office.void(asking(lines=lines(certification=Certification.CANCEL), replaces=asked.key))
    assert trace(asked) in (await world.recorder())["cancelled"]


async def test_benefits_say_that_they_came_by_x12(world: World) -> None:
    benefits = await desk(world, "APPROVED").verify_benefits(EffectRequest(referral_id="r", key=str(uuid4())))
    assert (benefits.channel, benefits.coinsurance_percent) == (Channel.X12, 20)
