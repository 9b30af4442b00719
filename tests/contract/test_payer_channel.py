"""What every payer channel does: PAS and X12 over real HTTP to the simulated payer, and the fake of other tests."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest

from firstdose.domain.authorization.answer_match import Ours, refusal, whose_answer
from firstdose.domain.authorization.lines import Certification, LineKind, LineState
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.payer_ports import PayerCase, PayerChannel, PayerEndpoint, UnclearAnswer, X12Envelope
from firstdose.ports import Impossible, Unavailable
from tests.contract.cases import case, endpoint, lines
from tests.contract.conftest import World
from tests.contract.memory import MemoryPayer


class Reached(NamedTuple):
    """A channel and the payer behind it."""

    channel: PayerChannel
    endpoint: PayerEndpoint

    def case(self, scenario: str, **changes: object) -> PayerCase:
        return case(self.endpoint, f"SIM-{scenario.upper().replace('_', '-')}-1", **changes)


@pytest.fixture(params=["pas", "x12", "x12-core", "fake"])
async def payer(request: pytest.FixtureRequest, world: World) -> Reached:
    reached = endpoint(f"{world.url}/fhir/northstar", x12_url=f"{world.url}/x12/northstar")
    in_core = reached.model_copy(update={"x12_envelope": X12Envelope.CORE})
    found: dict[str, tuple[PayerChannel, PayerEndpoint]] = {
        "pas": (world.pas, reached),
        "x12": (world.x12, reached),
        "x12-core": (world.x12, in_core),
        "fake": (MemoryPayer(), reached),
    }
    return Reached(*found[request.param])


def states(case: PayerCase, lines: tuple[object, ...]) -> list[LineState]:
    found = {line.sequence: line.state for line in lines}  # type: ignore[attr-defined]
    return [found[line.sequence] for line in case.lines]


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("approved", [LineState.APPROVED] * 3),
        ("pended_three_days", [LineState.PENDED] * 3),
        ("denied_and_closed", [LineState.DENIED] * 3),
        ("mixed_lines", [LineState.APPROVED, LineState.DENIED, LineState.APPROVED]),
        ("partial", [LineState.PARTIAL] * 3),
        ("modified", [LineState.MODIFIED] * 3),
        ("unknown_code", [LineState.NEEDS_REVIEW] * 3),
    ],
)
async def test_a_submission_is_answered_line_by_line(payer: Reached, scenario: str, expected: list[LineState]) -> None:
    asked = payer.case(scenario)
    received = await payer.channel.submit(asked)
    assert states(asked, received.answer.lines) == expected


@pytest.mark.parametrize("scenario", ["partial", "modified"])
async def test_what_is_authorized_instead_is_told_in_units(payer: Reached, scenario: str) -> None:
    asked = payer.case(scenario)
    received = await payer.channel.submit(asked)
    assert [line.units for line in received.answer.lines] == [line.units // 2 for line in asked.lines]


async def test_the_same_request_again_gets_the_same_answer(payer: Reached) -> None:
    asked = payer.case("approved")
    first, again = await payer.channel.submit(asked), await payer.channel.submit(asked)
    assert first.answer.repeats(again.answer)


async def test_an_inquiry_tells_what_a_submission_told(payer: Reached) -> None:
    asked = payer.case("denied_and_closed")
    assert await payer.channel.inquire(asked) is None
    submitted = await payer.channel.submit(asked)
    inquired = await payer.channel.inquire(asked)
    assert inquired is not None
    assert inquired.answer.repeats(submitted.answer)


async def test_an_information_request_names_the_documents(payer: Reached) -> None:
    asked = payer.case("information_requested")
    received = await payer.channel.submit(asked)
    assert received.answer.information is not None
    assert received.answer.information.wanted == ("11506-3",)
    assert received.answer.pending


@pytest.mark.parametrize("payer", ["pas", "fake"], indirect=True)
async def test_the_documents_can_be_sent(payer: Reached) -> None:
    asked = payer.case("information_requested")
    await payer.channel.submit(asked)
    await payer.channel.send_documents(asked, ["clinical_note"])


async def test_x12_leaves_documents_to_people(world: World) -> None:
    with pytest.raises(Impossible) as impossible:
        await world.x12.send_documents(case(), ["clinical_note"])
    assert impossible.value.problem == "documents_not_electronic"


async def test_a_document_without_contents_cannot_be_sent(payer: Reached) -> None:
    asked = payer.case("information_requested")
    await payer.channel.submit(asked)
    with pytest.raises(Impossible):
        await payer.channel.send_documents(asked, ["lab_result"])


async def test_an_appeal_is_answered_on_its_own(payer: Reached) -> None:
    denied = payer.case("denied_appealed_approved")
    await payer.channel.submit(denied)
    appeal = payer.case(
        "denied_appealed_approved", lines=lines(certification=Certification.APPEAL), previous_trace=denied.trace
    )
    assert (await payer.channel.submit(appeal)).answer.pending


async def test_what_was_cancelled_may_have_been_nothing(payer: Reached) -> None:
    asked = payer.case("approved")
    await payer.channel.submit(asked)
    await payer.channel.void(payer.case("approved", previous_trace=asked.trace))
    await payer.channel.void(payer.case("approved", previous_trace="0" * 32))


async def test_a_cancellation_that_is_only_taken_note_of_is_not_confirmed(payer: Reached) -> None:
    asked = payer.case("cancellation_queued")
    await payer.channel.submit(asked)
    with pytest.raises(UnclearAnswer, match="cancellation_not_confirmed"):
        await payer.channel.void(payer.case("cancellation_queued", previous_trace=asked.trace))


@pytest.mark.parametrize("scenario", ["answered_without_trace", "answered_by_reference", "answered_by_own_number"])
async def test_the_direct_answer_counts_by_whatever_name(payer: Reached, scenario: str) -> None:
    asked = payer.case(scenario)
    received = await payer.channel.submit(asked)
    assert states(asked, received.answer.lines) == [LineState.APPROVED] * 3
    assert refusal(whose_answer(received.named, Ours.of(asked.trace, asked.referral)), direct=True) is None


@pytest.mark.parametrize("payer", ["pas", "x12", "x12-core"], indirect=True)
@pytest.mark.parametrize("scenario", ["number_at_event", "number_in_reference"])
async def test_a_number_of_the_whole_is_every_lines(payer: Reached, scenario: str) -> None:
    asked = payer.case(scenario)
    received = await payer.channel.submit(asked)
    assert {line.number for line in received.answer.lines} == {f"AUTH{asked.trace[:8]}".upper()}


@pytest.mark.parametrize("payer", ["pas"], indirect=True)
async def test_a_server_that_knows_only_type_and_id_finds_all_that_is_referred_to(payer: Reached) -> None:
    asked = payer.case("knows_only_type_and_id")
    await payer.channel.submit(asked)
    revised = payer.case(
        "knows_only_type_and_id", lines=lines(certification=Certification.REVISED), previous_trace=asked.trace
    )
    assert states(revised, (await payer.channel.submit(revised)).answer.lines) == [LineState.APPROVED] * 3


@pytest.mark.parametrize(
    ("scenario", "status"),
    [
        ("approved", CoverageStatus.ACTIVE),
        ("inactive_coverage", CoverageStatus.INACTIVE),
        ("member_not_found", CoverageStatus.NOT_FOUND),
    ],
)
async def test_benefits_are_verified(payer: Reached, scenario: str, status: CoverageStatus) -> None:
    assert (await payer.channel.verify_benefits(payer.case(scenario))).benefits.status is status


async def test_benefits_say_which_lines_need_authorization(payer: Reached) -> None:
    needing = (await payer.channel.verify_benefits(payer.case("approved"))).benefits
    free = (await payer.channel.verify_benefits(payer.case("no_auth_needed"))).benefits
    assert (needing.needs_authorization, free.needs_authorization) == (frozenset(LineKind), frozenset())
    assert needing.copay == Decimal(40)


@pytest.mark.parametrize("scenario", ["html_with_200", "truncated_json", "accepts_then_drops_connection", "slow"])
async def test_a_request_in_doubt_is_found_when_asked_for(payer: Reached, scenario: str) -> None:
    asked = payer.case(scenario, endpoint=payer.endpoint.model_copy(update={"timeout": timedelta(seconds=0.3)}))
    with pytest.raises(Unavailable):
        await payer.channel.submit(asked)
    found = await payer.channel.inquire(asked)
    assert found is not None
    assert not found.answer.pending


async def test_a_server_error_left_nothing_behind(payer: Reached) -> None:
    asked = payer.case("server_errors_then_ok")
    with pytest.raises(Unavailable):
        await payer.channel.submit(asked)
    assert await payer.channel.inquire(asked) is None


async def test_a_refused_request_is_final(world: World) -> None:
    asked = case(endpoint(f"{world.url}/fhir/northstar"), lines=())
    with pytest.raises(Impossible) as refused:
        await world.pas.submit(asked)
    assert refused.value.problem == "payer_refused_request"


async def test_nobody_listens(world: World) -> None:
    with pytest.raises(Unavailable) as away:
        await world.pas.submit(case(endpoint("http://127.0.0.1:1/fhir")))
    assert away.value.problem == "payer_not_connected"


async def test_somebody_listens_and_makes_no_connection(world: World) -> None:
    """What was sent over no connection is told from what is not answered: the payer surely does not have it."""

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for scheme, problem in (("https", "payer_not_connected"), ("http", "payer_timed_out")):
            asked = case(endpoint(f"{scheme}://{address}", timeout=timedelta(seconds=0.5)))
            with pytest.raises(Unavailable, match=problem):
                await world.pas.submit(asked)


async def _raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(answer)
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://[::1]/\r\ncontent-length: 0\r\n\r\n",
            Impossible,
            "payer_moved",
        ),
        (b"HTTP/1.1 429 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n", Unavailable, "payer_busy"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5_000_001, Unavailable, "unreadable_answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", Unavailable, "unreadable_answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000, Unavailable, "unreadable_answer"),
        (b"not HTTP at all\r\n\r\n", Unavailable, "payer_unreachable"),
    ],
)
async def test_hostile_servers(world: World, answer: bytes, error: type[Exception], problem: str) -> None:
    server = await asyncio.start_server(lambda reader, writer: _raw(reader, writer, answer), "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(error) as failed:
            await world.pas.submit(case(endpoint(url)))
    assert str(failed.value) == problem
    if problem == "payer_busy":
        assert getattr(failed.value, "retry_after", None) == timedelta(minutes=2)
