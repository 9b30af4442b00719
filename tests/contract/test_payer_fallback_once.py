"""Whatever breaks, and in whatever order: over both channels together the payer gets a request once."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum, auto

from hypothesis import given, settings
from hypothesis import strategies as st

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import PayerCase, PayerChannel, PayerEndpoint, ReceivedAnswer
from firstdose.ports import PortError, Unavailable
from tests.contract.conftest import World
from tests.contract.two_ways import PAS, X12, Office


class Trouble(Enum):
    """What becomes of one request."""

    NONE = auto()
    OUTAGE = auto()
    NOT_CONNECTED = auto()
    LOST = auto()
    ANSWER_LOST = auto()
    DIED_BEFORE = auto()
    DIED_AFTER = auto()


class Died(Exception):
    """The process, here."""


class Line:
    """Implements resilience.Resilience: all that goes through it meets these troubles, one after another."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        self._troubles = iter(troubles)
        self.trouble = Trouble.NONE

    @asynccontextmanager
    async def to(self, endpoint: PayerEndpoint, channel: Channel) -> AsyncIterator[None]:
        self.trouble = next(self._troubles, Trouble.NONE)
        if self.trouble is Trouble.OUTAGE:
            raise Unavailable(ProblemCode.PAYER_OUTAGE, timedelta(seconds=30))
        yield

    def before(self) -> None:
        if self.trouble is Trouble.NOT_CONNECTED:
            raise Unavailable(ProblemCode.PAYER_NOT_CONNECTED)
        if self.trouble is Trouble.LOST:
            raise Unavailable(ProblemCode.PAYER_TIMED_OUT)
        if self.trouble is Trouble.DIED_BEFORE:
            raise Died

    def after(self) -> None:
        if self.trouble is Trouble.ANSWER_LOST:
            raise Unavailable(ProblemCode.PAYER_TIMED_OUT)
        if self.trouble is Trouble.DIED_AFTER:
            raise Died


class Wired:
    """Of payer_ports.PayerChannel what a submission needs: a real payer at the end of the line."""

    def __init__(self, channel: PayerChannel, line: Line) -> None:
        self._channel = channel
        self._line = line

    async def submit(self, case: PayerCase) -> ReceivedAnswer:
        self._line.before()
        received = await self._channel.submit(case)
        self._line.after()
        return received

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        self._line.before()
        received = await self._channel.inquire(case)
        self._line.after()
        return received


@settings(max_examples=60)
@given(troubles=st.lists(st.sampled_from([each for each in Trouble if each is not Trouble.NONE]), max_size=8))
async def test_whatever_breaks_the_payer_gets_a_request_once(world: World, troubles: list[Trouble]) -> None:
    line = Line(troubles)
    channels = {PAS: Wired(world.pas, line), X12: Wired(world.x12, line)}
    office = Office(world, passage=line, channels=channels)  # type: ignore[arg-type]
    asked = office.asking()
    submission, problems = None, []
    while submission is None:
        try:
            submission = await office.desk.submit(asked)
        except (PortError, Died) as error:
            problems.append(str(error))
    assert "request_under_way" not in problems, "nobody else is at it"
    assert office.sent(asked) == ((1, 0) if submission.channel is PAS else (0, 1))
    assert {line.state for line in submission.answer.lines} == {LineState.APPROVED}
