"""The wait for a payer's decision: which answers end it."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.ports import DecisionWait


def said(state: LineState, text: str, **more: Any) -> PayerAnswer:
    remark = PayerRemark(kind=RemarkKind.MESSAGE, where="MSG01", text=text)
    return PayerAnswer(lines=(LineAnswer(sequence=1, state=state),), remarks=(remark,), **more)


KNOWN = said(LineState.PENDED, "AS OF 12:00")


class Office:
    """The part of ports.PayerGateway that is asked."""

    def __init__(self, answer: PayerAnswer) -> None:
        self.answer = answer

    async def inquire(self, request: DecisionWait) -> PayerAnswer:
        return self.answer


async def awaited(answer: PayerAnswer) -> PayerAnswer:
    wait = DecisionWait(referral_id="r", key="c", every=timedelta(minutes=10), known=KNOWN)
    activity = PayerActivities(Office(answer))  # type: ignore[arg-type]
    return await ActivityEnvironment().run(activity.await_decision, wait)


async def test_another_remark_alone_ends_no_wait() -> None:
    with pytest.raises(ApplicationError) as waiting:
        await awaited(said(LineState.PENDED, "AS OF 12:10"))
    assert (waiting.value.type, waiting.value.next_retry_delay) == ("still_pending", timedelta(minutes=10))


@pytest.mark.parametrize(
    "answer", [said(LineState.DENIED, "AS OF 12:10"), said(LineState.PENDED, "AS OF 12:00", tracking="T-1")]
)
async def test_news_ends_it_with_its_remarks(answer: PayerAnswer) -> None:
    assert await awaited(answer) == answer
