"""A payer with a PAS server and a clearinghouse: the second takes over what surely never reached the first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from firstdose.adapters.payers.payer_gateway import trace_of
from firstdose.domain.authorization.lines import Certification, LineState, PayerAnswer
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import ProblemCode
from firstdose.ports import DocumentsReply, EffectRequest, Impossible, Unavailable
from tests.contract.cases import lines
from tests.contract.conftest import World, serving
from tests.contract.two_ways import PAS, X12, Office

NOBODY = "http://127.0.0.1:1/fhir"


def states(answer: PayerAnswer) -> set[LineState]:
    return {line.state for line in answer.lines}


async def test_a_clearinghouse_carries_what_the_payers_server_cannot_and_goes_on_with_it(world: World) -> None:
    office = Office(world, "pended_ten_days")
    asked = office.asking()
    office.turnpike.shut = {PAS: ProblemCode.PAYER_OUTAGE}
    submission = await office.desk.submit(asked)
    assert (submission.channel, office.sent(asked)) == (X12, (0, 1))

    office.turnpike.shut.clear()
    assert (await office.desk.submit(asked)).channel is X12
    with pytest.raises(Impossible, match="documents_not_electronic"):
        await office.desk.send_documents(DocumentsReply(referral_id="r", key=asked.key, documents=("clinical_note",)))
    filed = world.book.filed[office.clearinghouse, trace_of(asked.key)]
    filed.due_at = world.book.clock()
    assert states(await office.desk.inquire(asked)) == {LineState.APPROVED}
    await office.desk.void(office.asking(lines=lines(certification=Certification.CANCEL), replaces=asked.key))
    assert filed.cancelled
    assert office.payer not in (await world.recorder())["by_payer"]


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        ("slow", "payer_timed_out"),
        ("accepts_then_drops_connection", "payer_unreachable"),
        ("html_with_200", "unreadable_answer"),
    ],
)
async def test_what_the_payers_server_may_have_is_asked_for_there(world: World, scenario: str, problem: str) -> None:
    office = Office(world, scenario)
    asked = office.asking()
    with pytest.raises(Unavailable, match=problem):
        await office.desk.submit(asked)
    submission = await office.desk.submit(asked)
    assert (submission.channel, states(submission.answer)) == (PAS, {LineState.APPROVED})
    assert office.sent(asked) == (1, 0)


async def test_what_found_no_connection_goes_by_the_clearinghouse_at_once(world: World) -> None:
    office = Office(world, pas_url=NOBODY)
    asked = office.asking()
    submission = await office.desk.submit(asked)
    assert (submission.channel, states(submission.answer)) == (X12, {LineState.APPROVED})
    assert office.sent(asked) == (0, 1)


async def test_a_doubt_waits_for_the_server_that_can_settle_it(world: World) -> None:
    office = Office(world, "accepts_then_drops_connection")
    asked = office.asking()
    with pytest.raises(Unavailable, match="payer_unreachable"):
        await office.desk.submit(asked)
    office.turnpike.shut = {PAS: ProblemCode.PAYER_OUTAGE}
    for _ in range(2):
        with pytest.raises(Unavailable, match="payer_outage"):
            await office.desk.submit(asked)
    assert office.sent(asked) == (1, 0)
    office.turnpike.shut.clear()
    assert (await office.desk.submit(asked)).channel is PAS
    assert office.sent(asked) == (1, 0)


async def test_what_never_left_leaves_no_doubt(world: World) -> None:
    office = Office(world, pas_url=NOBODY)
    asked = office.asking()
    office.turnpike.shut = {X12: ProblemCode.PAYER_RATE_LIMIT}
    with pytest.raises(Unavailable, match="payer_rate_limit"):
        await office.desk.submit(asked)
    contact = await office.contacts.find(asked.key)
    assert contact is not None
    assert (contact.attempted, contact.channel) == (False, None)
    office.turnpike.shut.clear()
    assert (await office.desk.submit(asked)).channel is X12
    assert office.sent(asked) == (0, 1)


@pytest.mark.parametrize("problem", [ProblemCode.PAYER_RATE_LIMIT, ProblemCode.PAYER_CROWDED, ProblemCode.PAYER_BUSY])
async def test_to_wait_for_a_turn_is_no_reason_to_go_elsewhere(world: World, problem: ProblemCode) -> None:
    office = Office(world)
    asked = office.asking()
    office.turnpike.shut = {PAS: problem}
    with pytest.raises(Unavailable, match=problem):
        await office.desk.submit(asked)
    assert office.sent(asked) == (0, 0)


async def test_a_refusal_is_an_answer_and_no_reason_to_go_elsewhere(world: World) -> None:
    office = Office(world, "refused")
    asked = office.asking()
    with pytest.raises(Impossible, match="payer_refused_request"):
        await office.desk.submit(asked)
    assert office.sent(asked) == (0, 0)


async def test_with_no_way_open_it_comes_back_when_the_first_may_be(world: World) -> None:
    office = Office(world, pas_url=NOBODY)
    office.turnpike.shut = {X12: ProblemCode.PAYER_OUTAGE}
    with pytest.raises(Unavailable, match="payer_not_connected"):
        await office.desk.submit(office.asking())
    office.turnpike.shut = {PAS: ProblemCode.PAYER_OUTAGE, X12: ProblemCode.PAYER_OUTAGE}
    with pytest.raises(Unavailable, match="payer_outage"):
        await office.desk.submit(office.asking())


async def test_a_channel_that_is_not_there_is_passed_over(world: World) -> None:
    asked = (office := Office(world, channels={X12: world.x12})).asking()
    assert (await office.desk.submit(asked)).channel is X12
    with pytest.raises(Impossible, match="payer_not_electronic"):
        await Office(world, channels={Channel.PEOPLE: world.x12}).desk.submit(asked)


async def test_what_came_instead_of_an_answer_is_kept_with_the_contact(world: World) -> None:
    office = Office(world, "html_with_200")
    asked = office.asking()
    with pytest.raises(Unavailable, match="unreadable_answer"):
        await office.desk.submit(asked)
    (kept,) = office.contacts.unreadable[asked.key]
    assert b"upgrading our system" in kept


@asynccontextmanager
async def a_server_that_says(answer: Response | None) -> AsyncIterator[str]:
    """None: nothing at all."""

    async def says(_: HttpRequest) -> Response:
        if answer is None:
            await asyncio.Event().wait()
        assert answer is not None
        return answer

    async with serving(Starlette(routes=[Route("/{path:path}", says, methods=["POST"])])) as url:
        yield url


@pytest.mark.parametrize(
    "answer",
    [
        Response(status_code=503),
        Response(status_code=422),
        Response(status_code=429),
        HTMLResponse("<p>Soon</p>"),
        None,
    ],
    ids=["failed", "refused", "busy", "unreadable", "mute"],
)
async def test_benefits_are_asked_for_by_the_clearinghouse_at_once(world: World, answer: Response | None) -> None:
    async with a_server_that_says(answer) as url:
        benefits = await Office(world, pas_url=url).desk.verify_benefits(
            EffectRequest(referral_id="r", key=str(uuid4()))
        )
    assert (benefits.channel, benefits.coinsurance_percent) == (X12, 20)


@pytest.mark.parametrize("problem", [ProblemCode.PAYER_OUTAGE, ProblemCode.PAYER_RATE_LIMIT])
async def test_benefits_wait_for_nobodys_turn(world: World, problem: ProblemCode) -> None:
    office = Office(world)
    office.turnpike.shut = {PAS: problem}
    asked = EffectRequest(referral_id="r", key=str(uuid4()))
    assert (await office.desk.verify_benefits(asked)).channel is X12
    office.turnpike.shut[X12] = ProblemCode.PAYER_OUTAGE
    with pytest.raises(Unavailable, match=problem):
        await office.desk.verify_benefits(asked)
