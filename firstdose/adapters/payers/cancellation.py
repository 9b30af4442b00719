"""Whether a payer has confirmed a cancellation, for every electronic channel.

What it only takes note of is not cancelled, and what it refuses stays in force: a person asks.
"""

from typing import Final

from firstdose.domain.authorization.lines import LineAnswer, LineState
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import ReceivedAnswer, RefusedRequest, UnclearAnswer

NO_SUCH_REQUEST: Final = "AA"
"""X12 901: the payer never had it, and is content."""
_CANCELLED: Final = (LineState.VOID, LineState.APPROVED, LineState.NOT_REQUIRED)


def confirmed(received: ReceivedAnswer) -> ReceivedAnswer:
    """The answer to a cancellation, if it confirms that.

    Raises:
        UnclearAnswer: it does not say.
        RefusedRequest: the payer does not cancel.
    """
    lines = received.answer.lines
    if any(line.state is LineState.DENIED for line in lines):
        raise RefusedRequest(received.raw, received.answer.remarks, received)
    if not lines or not all(_cancelled(line) for line in lines):
        raise UnclearAnswer(ProblemCode.CANCELLATION_NOT_CONFIRMED, received.answer.remarks, received)
    return received


def _cancelled(line: LineAnswer) -> bool:
    unknown_there = line.state is LineState.NEEDS_REVIEW and line.reason_code == NO_SUCH_REQUEST
    return line.state in _CANCELLED or unknown_there
