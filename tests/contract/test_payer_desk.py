"""The payer's desk against the simulated payer: each request takes effect once, whatever breaks in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from firstdose.adapters.payers.answers import AnswerBook, PayerNotifications
from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService, trace_of
from firstdose.adapters.postgres.payers.rows import PayerRow
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import Certification, LineAnswer, LineState, PayerAnswer, PayerEvent
from firstdose.domain.clock.clocks import Regime
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.remark import RemarkKind
from firstdose.payer_ports import Contact, ReceivedAnswer, Via
from firstdose.ports import AuthorizationRequest, DocumentsReply, EffectRequest, Impossible, Unavailable
from tests.contract.cases import endpoint, lines, referral
from tests.contract.conftest import World, serving
from tests.contract.memory import MemoryContacts, MemoryFiles, MemorySubscriptions

SECRET = "c2VjcmV0LW9mLXRoZS1ob29r"


class Crashed(Exception):
    """The process died here."""


class ForgetfulContacts(MemoryContacts):
    """Dies once, when an answer has come and is about to be kept."""

    crashes = 1

    async def keep_answer(
        self, contact_id: str, via: Via, received: ReceivedAnswer, event: PayerEvent | None = None
    ) -> PayerAnswer:
        if self.crashes:
            self.crashes -= 1
            raise Crashed
        return await super().keep_answer(contact_id, via, received, event)


class Office:
    """A desk with its stores, for one payer of the test's own and one scenario."""

    def __init__(
        self,
        world: World,
        scenario: str,
        contacts: MemoryContacts | None = None,
        public_url: str = "http://127.0.0.1:1",
    ) -> None:
        self.world = world
        self.contacts = contacts or MemoryContacts()
        self.subscriptions = MemorySubscriptions()
        self.member_id = f"SIM-{scenario.upper().replace('_', '-')}-1"
        self.contacts.facts = referral(self.member_id)
        self.files = MemoryFiles(self.file(f"payer-{uuid4().hex[:8]}"))
        self.payer = next(iter(self.files.files))
        self.desk = PayerGatewayService(
            self.files,
            self.contacts,
            self.subscriptions,
            {Channel.PAS: world.pas},
            public_url=public_url,
            subscription_secret=lambda _: SECRET,
            clock=lambda: datetime.now(UTC),
        )
        self.notifications = PayerNotifications(
            self.contacts, AnswerBook(self.contacts, lambda: datetime.now(UTC)), self.files, self
        )
        self.heard: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    def file(self, payer: str) -> CaseFile:
        plan = Plan(payer=payer, eligibility=Channel.PAS, authorization=Channel.PAS, regime=Regime.MEDICARE_ADVANTAGE)
        return CaseFile(referral(self.member_id), endpoint(f"{self.world.url}/fhir/{payer}", payer=payer), plan)

    def asking(self, **changes: object) -> AuthorizationRequest:
        return AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines()).model_copy(update=changes)

    async def hook(self, request: HttpRequest) -> Response:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Response(status_code=401)
        reached = await self.files.endpoint(request.path_params["payer"])
        assert reached is not None
        await self.notifications.receive(reached, await request.body())
        return Response()

    async def answered(self, contact: Contact, digest: str, *, refused: str | None = None) -> None:
        """Implements answers.AnswerSink, with `note`."""
        await self.heard.put((contact.id, len(self.contacts.answers[contact.id])))

    async def rang(self) -> None:
        raise AssertionError("no bell was rung")

    async def lost(self, subscription: str) -> None:
        raise AssertionError(subscription)

    async def note(self, action: str, payer: str) -> None:
        raise AssertionError(action)

    async def deliveries(self, key: str) -> int:
        times: int = (await self.world.recorder())["submissions"].get(trace_of(key), 0)
        return times


@asynccontextmanager
async def listening(world: World, scenario: str, office: type[Office] = Office) -> AsyncIterator[Office]:
    """An office whose hook payers can reach."""
    offices: list[Office] = []

    async def hook(request: HttpRequest) -> Response:
        return await offices[0].hook(request)

    app = Starlette(routes=[Route("/webhooks/payers/{payer}/pas", hook, methods=["POST"])])
    async with serving(app) as url:
        offices.append(office(world, scenario, public_url=url))
        yield offices[0]


async def test_a_plans_own_times_stand_before_the_rules(world: World) -> None:
    office = Office(world, "approved")
    row = {"id": office.payer, "name": "Own", "regime": "medicare_advantage", "standard_decision": "2 business days"}
    own = PayerRow.model_validate({**row, "time_zone": "America/Chicago", "closes": "17:00"}).plan(4)
    file = office.files.files[office.payer]
    changed = {"clocks": own.clocks, "calendar": own.calendar}
    office.files.change_plan(file._replace(plan=file.plan.model_copy(update=changed)))
    clock = (await office.desk.submit(office.asking())).clock
    assert clock is not None
    assert (clock.version, clock.citation) == ("4", f"plan {office.payer}")
    assert clock.due_at.astimezone(ZoneInfo("America/Chicago")).time() == time(17)


async def test_a_submission_starts_the_clock_that_is_due_first(world: World) -> None:
    office = Office(world, "approved")
    submission = await office.desk.submit(office.asking(expedited=True))
    assert {line.state for line in submission.answer.lines} == {LineState.APPROVED}
    assert submission.clock is not None
    assert submission.clock.rule == "Part B drug"
    assert submission.clock.due_at - submission.clock.started_at == timedelta(hours=24)


async def test_a_crash_after_acceptance_asks_before_sending_again(world: World) -> None:
    office = Office(world, "approved", ForgetfulContacts())
    asked = office.asking()
    with pytest.raises(Crashed):
        await office.desk.submit(asked)
    submission = await office.desk.submit(asked)
    assert {line.state for line in submission.answer.lines} == {LineState.APPROVED}
    assert await office.deliveries(asked.key) == 1
    assert [via for via, _ in office.contacts.answers[asked.key]] == [Via.INQUIRY]


@pytest.mark.parametrize("scenario", ["accepts_then_drops_connection", "html_with_200", "truncated_json"])
async def test_an_answer_that_was_lost_is_asked_for(world: World, scenario: str) -> None:
    office = Office(world, scenario)
    asked = office.asking()
    with pytest.raises(Unavailable):
        await office.desk.submit(asked)
    await office.desk.submit(asked)
    await office.desk.submit(asked)
    assert await office.deliveries(asked.key) == 1


async def test_what_the_payer_never_had_is_sent_again(world: World) -> None:
    office = Office(world, "server_errors_then_ok")
    asked = office.asking()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await office.desk.submit(asked)
    await office.desk.submit(asked)
    assert await office.deliveries(asked.key) == 1


@pytest.mark.parametrize("scenario", ["pended_three_days", "notified_flattened", "notified_inlined"])
async def test_a_decision_is_notified_in_any_shape(world: World, scenario: str) -> None:
    async with listening(world, scenario) as office:
        submission = await office.desk.submit(office.asking())
        contact_id, _ = await asyncio.wait_for(office.heard.get(), 10)
        assert contact_id == submission.contact_id
        decided = await office.desk.read(EffectRequest(referral_id="r", key=contact_id))
        assert decided is not None
        assert {line.state for line in decided.lines} == {LineState.APPROVED}
        assert await office.desk.inquire(EffectRequest(referral_id="r", key=contact_id)) == decided


async def test_another_service_that_a_notification_authorizes_is_told_beside_what_was_asked_for(world: World) -> None:
    async with listening(world, "exchanged_drug_later") as office:
        submission = await office.desk.submit(office.asking())
        assert submission.answer.pending
        await asyncio.wait_for(office.heard.get(), 10)
        decided = await office.desk.read(EffectRequest(referral_id="r", key=submission.contact_id))
        assert decided is not None
        assert {line.state for line in decided.lines} == {LineState.MODIFIED}
        exchanged = [(one.line, one.about) for one in decided.remarks if one.kind is RemarkKind.EXCHANGED]
        assert exchanged == [(1, ("J0690",))]


async def test_documents_bring_the_decision(world: World) -> None:
    async with listening(world, "information_requested") as office:
        submission = await office.desk.submit(office.asking())
        reply = DocumentsReply(referral_id="r", key=submission.contact_id, documents=("clinical_note",))
        await office.desk.send_documents(reply)
        await asyncio.wait_for(office.heard.get(), 10)
        decided = await office.desk.inquire(EffectRequest(referral_id="r", key=submission.contact_id))
        assert {line.state for line in decided.lines} == {LineState.APPROVED}


async def test_the_subscription_is_registered_once(world: World) -> None:
    async with listening(world, "approved") as office:
        for _ in range(3):
            await office.desk.submit(office.asking())
        ours = [one for one in (await world.recorder())["subscriptions"] if one["payer"] == office.payer]
        assert len(ours) == 1


async def test_inquiring_finds_the_decision_without_a_hook(world: World) -> None:
    office = Office(world, "cancelled_midway")
    submission = await office.desk.submit(office.asking())
    assert submission.answer.pending
    filed = world.book.filed[office.payer, trace_of(submission.contact_id)]
    filed.due_at = world.book.clock()
    answer = await office.desk.inquire(EffectRequest(referral_id="r", key=submission.contact_id))
    assert {line.state for line in answer.lines} == {LineState.APPROVED}


async def test_an_answer_that_waits_does_not_replace_a_decision_that_overtook_it(world: World) -> None:
    office = Office(world, "approved")
    submission = await office.desk.submit(office.asking())
    contact = await office.contacts.find(submission.contact_id)
    assert contact is not None
    late = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.PENDED),))
    book = AnswerBook(office.contacts, lambda: datetime.now(UTC))
    named = Named(requests=frozenset([contact.trace]))
    stands = await book.keep(contact, Via.NOTIFICATION, ReceivedAnswer(raw=b"{}", named=named, answer=late))
    assert stands == submission.answer
    assert len(office.contacts.answers[contact.id]) == 1


async def test_cancelling_reaches_the_payer_that_had_the_request(world: World) -> None:
    office = Office(world, "pended_three_days")
    submission = await office.desk.submit(office.asking())
    office.files.change_plan(office.file(f"payer-{uuid4().hex[:8]}"))
    cancelling = office.asking(lines=lines(certification=Certification.CANCEL), replaces=submission.contact_id)
    await office.desk.void(cancelling)
    await office.desk.void(cancelling)
    recorder = await world.recorder()
    assert trace_of(submission.contact_id) in recorder["cancelled"]
    assert trace_of(cancelling.key) in recorder["by_payer"][office.payer]


async def test_nothing_sent_is_nothing_to_cancel(world: World) -> None:
    office = Office(world, "approved")
    await office.desk.void(office.asking(replaces=str(uuid4())))
    assert office.payer not in (await world.recorder())["by_payer"]


async def test_benefits_say_when_and_how_they_were_verified(world: World) -> None:
    office = Office(world, "approved")
    benefits = await office.desk.verify_benefits(EffectRequest(referral_id="r", key=str(uuid4())))
    assert (benefits.channel, benefits.verified_at is not None) == (Channel.PAS, True)


async def test_an_unknown_contact_is_impossible(world: World) -> None:
    with pytest.raises(Impossible):
        await Office(world, "approved").desk.inquire(EffectRequest(referral_id="r", key=str(uuid4())))
