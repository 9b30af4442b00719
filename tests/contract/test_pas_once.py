"""The payer's desk over FHIR, whatever shape the answers have: at most one submission in effect, and a cancellation
counts only when the payer confirms it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.pas.channel import PasChannel
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerEndpoint, UnclearAnswer
from firstdose.ports import AuthorizationRequest, EffectRequest, Impossible, Unavailable
from tests.contract.cases import US, case, endpoint, lines, referral
from tests.contract.conftest import World
from tests.contract.memory import MemoryContacts, MemoryFiles, MemorySubscriptions
from tests.unit.test_pas_answer import item

KEY = "01a22022-aaeb-728d-847d-44aaf410a800"
TRACE = KEY.replace("-", "")
ANOTHERS = "f" * 32
NAMINGS: dict[str, dict[str, Any]] = {
    "trace": {"request": {"identifier": {"value": TRACE}}},
    "identifier": {"identifier": [{"value": TRACE}]},
    "reference": {"request": {"reference": f"https://payer.example.org/fhir/Claim/{TRACE}"}},
    "own number": {"identifier": [{"value": "PAYER-77"}], "request": {"reference": "Claim/77"}},
    "nothing": {},
}
ANOTHER = {"request": {"identifier": {"value": ANOTHERS}}}
DECISIONS: dict[str, dict[str, Any]] = {
    "approved": {"item": [item(line.sequence, "A1") for line in lines()]},
    "pended": {"item": [item(line.sequence, "A4") for line in lines()]},
    "queued": {"outcome": "queued", "item": [{"itemSequence": 1}]},
    "error": {"outcome": "error", "item": [{"itemSequence": 1}], "error": [{"code": {"coding": [{"code": "57"}]}}]},
}
WRAPPINGS = ("bundle", "bare", "parameters")
UNREADABLE = (b"<html>We are upgrading our system.</html>", b"{}", b'{"resourceType": "Claim"}')


def written(naming: Mapping[str, Any], decision: str, wrapping: str) -> bytes:
    response = {"resourceType": "ClaimResponse", "outcome": "complete", **DECISIONS[decision], **naming}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": response}]}
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": bundle}]}
    return orjson.dumps({"bundle": bundle, "bare": response, "parameters": parameters}[wrapping])


class TakingPayer:
    """In the place of PasClient: a payer that takes each request and answers in the shapes it is given, in turn.

    None is an answer that does not arrive.
    """

    def __init__(self, *shapes: bytes | None) -> None:
        self._shapes = list(shapes)
        self.paths: list[str] = []

    async def post(
        self, endpoint: PayerEndpoint, path: str, resource: object, headers: Mapping[str, str] | None = None
    ) -> bytes:
        self.paths.append(path)
        if path == "Subscription":
            return b"{}"
        shape = self._shapes.pop(0) if len(self._shapes) > 1 else self._shapes[0]
        if shape is None:
            raise Unavailable(ProblemCode.PAYER_TIMED_OUT)
        return shape

    @property
    def submissions(self) -> int:
        return self.paths.count("Claim/$submit")


def office(channel: PasChannel, reached: PayerEndpoint, member_id: str = "SIM-APPROVED-1") -> PayerGatewayService:
    plan = Plan(payer="northstar", eligibility=Channel.PAS, authorization=Channel.PAS)
    facts = referral(member_id)
    return PayerGatewayService(
        MemoryFiles(CaseFile(facts, reached, plan)),
        MemoryContacts(facts),
        MemorySubscriptions(),
        {Channel.PAS: channel},
        public_url="http://127.0.0.1:1",
        subscription_secret=lambda _: "",
        clock=lambda: datetime.now(UTC),
    )


NAMED = st.builds(
    written,
    st.sampled_from(sorted(NAMINGS)).map(NAMINGS.__getitem__),
    st.sampled_from(sorted(DECISIONS)),
    st.sampled_from(WRAPPINGS),
)
OTHERWISE = st.none() | st.sampled_from(UNREADABLE) | st.just(written(ANOTHER, "approved", "bundle"))


@given(st.lists(NAMED | OTHERWISE, max_size=1), st.lists(NAMED | st.none() | st.sampled_from(UNREADABLE), max_size=3))
async def test_no_shape_of_answers_makes_us_submit_twice(first: list[bytes | None], asked: list[bytes | None]) -> None:
    payer = TakingPayer(*first, *asked, written(NAMINGS["trace"], "approved", "bundle"))
    desk = office(PasChannel(payer, US), endpoint())  # type: ignore[arg-type]
    request = AuthorizationRequest(referral_id="r", key=KEY, lines=lines())
    for _ in range(6):
        try:
            answered = await desk.submit(request)
        except (Impossible, Unavailable):
            continue
        assert {line.sequence for line in answered.answer.lines} >= {line.sequence for line in request.lines}
        break
    assert payer.submissions == 1


@given(NAMED)
async def test_what_is_understood_needs_no_second_call(answer: bytes) -> None:
    payer = TakingPayer(answer)
    desk = office(PasChannel(payer, US), endpoint())  # type: ignore[arg-type]
    await desk.submit(AuthorizationRequest(referral_id="r", key=KEY, lines=lines()))
    assert payer.paths == ["Subscription", "Claim/$submit"]


@pytest.mark.parametrize("scenario", ["answered_without_trace", "answered_by_reference", "answered_by_own_number"])
async def test_the_simulated_payer_hears_of_a_request_once(world: World, scenario: str) -> None:
    member_id = f"SIM-{scenario.upper().replace('_', '-')}-1"
    desk = office(world.pas, endpoint(f"{world.url}/fhir/northstar"), member_id)
    key = case().trace
    request = AuthorizationRequest(referral_id="r", key=key, lines=lines())
    for _ in range(2):
        found = await desk.submit(request)
        assert {line.state for line in found.answer.lines} == {LineState.APPROVED}
    inquired = await desk.inquire(EffectRequest(referral_id="r", key=key))
    assert {line.state for line in inquired.lines} == {LineState.APPROVED}
    assert (await world.recorder())["submissions"][key] == 1


def cancelling(key: str, replaces: str) -> AuthorizationRequest:
    return AuthorizationRequest(referral_id="r", key=key, lines=lines(), replaces=replaces)


async def cancelled(world: World, scenario: str) -> tuple[PayerGatewayService, AuthorizationRequest]:
    """A request that the payer has, and the cancellation of it."""
    desk = office(world.pas, endpoint(f"{world.url}/fhir/northstar", timeout="PT0.5S"), f"SIM-{scenario}-1")
    asked = AuthorizationRequest(referral_id="r", key=case().trace, lines=lines())
    for _ in range(2):
        try:
            await desk.submit(asked)
        except Unavailable:
            continue
        break
    return desk, cancelling(case().trace, asked.key)


async def test_a_cancellation_that_may_have_arrived_is_asked_for_before_it_is_sent_again(world: World) -> None:
    desk, request = await cancelled(world, "ACCEPTS-THEN-DROPS-CONNECTION")
    with pytest.raises(Unavailable):
        await desk.void(request)
    await desk.void(request)
    witnessed = await world.recorder()
    assert witnessed["submissions"][request.key] == 1
    assert witnessed["inquiries"][request.key] == 1


async def test_a_cancellation_that_waits_is_not_sent_again_either(world: World) -> None:
    desk, request = await cancelled(world, "CANCELLATION-QUEUED")
    for _ in range(2):
        with pytest.raises(UnclearAnswer, match="cancellation_not_confirmed") as waiting:
            await desk.void(request)
        assert "Your cancellation is being processed." in [one.text for one in waiting.value.remarks]
    assert (await world.recorder())["submissions"][request.key] == 1


async def test_a_cancellation_that_never_arrived_is_sent_again() -> None:
    gone = orjson.dumps({"resourceType": "Bundle", "type": "collection"})
    void = orjson.dumps({"resourceType": "ClaimResponse", "item": [item(line.sequence, "C") for line in lines()]})
    payer = TakingPayer(written({}, "approved", "bundle"), None, gone, void)
    desk = office(PasChannel(payer, US), endpoint())  # type: ignore[arg-type]
    await desk.submit(AuthorizationRequest(referral_id="r", key=KEY, lines=lines()))
    request = cancelling(case().trace, KEY)
    with pytest.raises(Unavailable):
        await desk.void(request)
    await desk.void(request)
    assert payer.paths[1:] == ["Claim/$submit", "Claim/$submit", "Claim/$inquire", "Claim/$submit"]


@pytest.mark.parametrize(
    ("decision", "problem"),
    [
        ({"item": [item(line.sequence, "A3") for line in lines()]}, "payer_refused_request"),
        ({"outcome": "queued"}, "cancellation_not_confirmed"),
        ({"outcome": "complete"}, "cancellation_not_confirmed"),
        ({"outcome": "error", "error": [{"code": {"coding": [{"code": "57"}]}}]}, "cancellation_not_confirmed"),
        ({"outcome": "error", "error": [{"code": {"coding": [{"code": "AA"}]}}]}, None),
        ({"status": "cancelled"}, None),
        ({"item": [item(line.sequence, "C") for line in lines()]}, None),
        ({"identifier": [{"value": TRACE}], "item": [item(line.sequence, "C") for line in lines()]}, None),
    ],
)
async def test_only_what_confirms_a_cancellation_cancels(decision: dict[str, Any], problem: str | None) -> None:
    said = orjson.dumps({"resourceType": "ClaimResponse", **decision})
    payer = TakingPayer(written({}, "approved", "bundle"), said)
    desk = office(PasChannel(payer, US), endpoint())  # type: ignore[arg-type]
    await desk.submit(AuthorizationRequest(referral_id="r", key=KEY, lines=lines()))
    request = cancelling(case().trace, KEY)
    if problem is None:
        await desk.void(request)
        return
    with pytest.raises(Impossible, match=problem):
        await desk.void(request)
