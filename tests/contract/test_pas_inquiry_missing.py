"""A payer over FHIR that cannot be asked what became of a request: what it may have is never sent a second time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from firstdose.adapters.payers.answers import AnswerBook
from firstdose.adapters.payers.pas.outcome import offers_operation, says_not_found
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer
from firstdose.domain.payer.remark import RemarkKind
from firstdose.payer_ports import ReceivedAnswer, UnclearAnswer, Via
from firstdose.ports import AuthorizationRequest, DecisionWait, EffectRequest, Unavailable
from tests.contract.cases import endpoint, lines
from tests.contract.conftest import World, serving
from tests.contract.memory import MemoryContacts
from tests.contract.test_pas_once import office
from tests.unit.test_pas_answer import item

NOT_FOUND = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}
NOT_SUPPORTED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported"}]}
LISTED = {"rest": [{"resource": [{"type": "Claim", "operation": [{"name": "submit"}, {"name": "inquire"}]}]}]}
WITHOUT = {"rest": [{"resource": [{"type": "Claim", "operation": [{"name": "submit"}]}]}]}
PENDED = orjson.dumps({"resourceType": "ClaimResponse", "item": [item(line.sequence, "A4") for line in lines()]})
APPROVED = tuple(LineAnswer(sequence=line.sequence, state=LineState.APPROVED) for line in lines())


class MutePayer:
    """Takes each submission, and loses its answer as often as `lost` says; `inquiry` answers who asks."""

    def __init__(self, inquiry: Response, statement: dict[str, Any] | None, lost: int = 1) -> None:
        self._inquiry = inquiry
        self._statement = statement
        self._lost = lost
        self.submissions = 0

    async def submit(self, _: Request) -> Response:
        self.submissions += 1
        if self.submissions <= self._lost:
            return Response(status_code=503)
        return Response(PENDED, media_type="application/fhir+json")

    async def inquire(self, _: Request) -> Response:
        return self._inquiry

    async def metadata(self, _: Request) -> Response:
        if self._statement is None:
            return Response(status_code=404)
        return JSONResponse({"resourceType": "CapabilityStatement", **self._statement})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/Claim/$submit", self.submit, methods=["POST"]),
                Route("/Claim/$inquire", self.inquire, methods=["POST"]),
                Route("/metadata", self.metadata),
                Route("/Subscription", lambda _: JSONResponse({}), methods=["POST"]),
            ]
        )


def contacts_of(desk: PayerGatewayService) -> MemoryContacts:
    kept = desk._contacts
    assert isinstance(kept, MemoryContacts)
    return kept


def asking() -> AuthorizationRequest:
    return AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines())


@pytest.fixture
async def missing(world: World) -> AsyncIterator[tuple[MutePayer, PayerGatewayService]]:
    """Nobody has such an operation."""
    payer = MutePayer(PlainTextResponse("no such path", status_code=404), WITHOUT)
    async with serving(payer.app()) as url:
        yield payer, office(world.pas, endpoint(url))


@pytest.mark.parametrize(
    ("inquiry", "statement"),
    [
        (PlainTextResponse("no such path", status_code=404), LISTED),
        (JSONResponse(NOT_FOUND, status_code=404), WITHOUT),
        (JSONResponse(NOT_FOUND, status_code=404), None),
        (JSONResponse(NOT_SUPPORTED, status_code=404), LISTED),
        (JSONResponse(NOT_FOUND, status_code=410), {}),
    ],
    ids=["a gateway", "not offered", "says nothing", "not supported", "gone"],
)
async def test_a_missing_inquiry_does_not_say_that_the_payer_has_no_such_request(
    world: World, inquiry: Response, statement: dict[str, Any] | None
) -> None:
    payer = MutePayer(inquiry, statement)
    async with serving(payer.app()) as url:
        desk, request = office(world.pas, endpoint(url)), asking()
        with pytest.raises(Unavailable, match="payer_failed"):
            await desk.submit(request)
        for _ in range(3):
            with pytest.raises(Unavailable, match="inquiry_not_offered") as unknown:
                await desk.submit(request)
            assert unknown.value.retry_after == timedelta(minutes=15)
    assert payer.submissions == 1


@pytest.mark.parametrize(
    "none", [JSONResponse(NOT_FOUND, status_code=404), JSONResponse({"resourceType": "Bundle", "type": "collection"})]
)
async def test_a_payer_that_offers_the_inquiry_and_has_no_such_request_gets_it_again(
    world: World, none: Response
) -> None:
    payer = MutePayer(none, LISTED)
    async with serving(payer.app()) as url:
        desk, request = office(world.pas, endpoint(url)), asking()
        with pytest.raises(Unavailable):
            await desk.submit(request)
        assert (await desk.submit(request)).answer.pending
    assert payer.submissions == 2


async def test_errors_in_a_bundle_are_no_word_that_there_is_no_such_request(world: World) -> None:
    refused = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": NOT_SUPPORTED}]}
    payer = MutePayer(JSONResponse(refused), LISTED)
    async with serving(payer.app()) as url:
        desk, request = office(world.pas, endpoint(url)), asking()
        for problem in ("payer_failed", "unreadable_answer", "unreadable_answer"):
            with pytest.raises(Unavailable, match=problem):
                await desk.submit(request)
    assert payer.submissions == 1


async def test_what_the_payer_tells_by_itself_ends_the_waiting(missing: tuple[MutePayer, PayerGatewayService]) -> None:
    payer, desk = missing
    request = asking()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await desk.submit(request)
    contacts = contacts_of(desk)
    contact = contacts.contacts[request.key]
    told = ReceivedAnswer(
        raw=b"{}", named=Named(requests=frozenset([contact.trace])), answer=PayerAnswer(lines=APPROVED)
    )
    await AnswerBook(contacts, lambda: datetime.now(UTC)).keep(contact, Via.NOTIFICATION, told)
    assert {line.state for line in (await desk.submit(request)).answer.lines} == {LineState.APPROVED}
    assert payer.submissions == 1


async def test_the_wait_goes_on_until_the_payer_rings_and_then_a_person_asks(world: World) -> None:
    payer = MutePayer(JSONResponse(NOT_SUPPORTED, status_code=404), WITHOUT, lost=0)
    async with serving(payer.app()) as url:
        desk, request = office(world.pas, endpoint(url)), asking()
        submission = await desk.submit(request)
        asked = EffectRequest(referral_id="r", key=request.key)
        assert await desk.inquire(asked) == submission.answer
        rung = DecisionWait(
            referral_id="r", key=request.key, every=timedelta(hours=6), known=submission.answer, rung=True
        )
        with pytest.raises(UnclearAnswer, match="inquiry_not_offered"):
            await desk.inquire(rung)
        told = [reply for _, reply in contacts_of(desk).replies[request.key]]
    assert {(reply.problem, reply.remarks[0].kind, reply.remarks[0].code) for reply in told} == {
        ("inquiry_not_offered", RemarkKind.REJECTED, "not-supported")
    }


async def test_a_cancellation_that_may_have_arrived_is_a_persons(world: World) -> None:
    payer = MutePayer(PlainTextResponse("no such path", status_code=404), WITHOUT, lost=0)
    async with serving(payer.app()) as url:
        desk, request = office(world.pas, endpoint(url)), asking()
        await desk.submit(request)
        payer._lost = 10
        cancelling = AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines(), replaces=request.key)
        with pytest.raises(Unavailable):
            await desk.void(cancelling)
        with pytest.raises(UnclearAnswer, match="inquiry_not_offered"):
            await desk.void(cancelling)
    assert payer.submissions == 2


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"resourceType": "OperationOutcome", "issue": []}'])
def test_nothing_is_concluded_from_what_is_no_outcome(body: bytes) -> None:
    assert not says_not_found(body)
    assert not offers_operation(body, "Claim", "inquire")
