"""Contact with the payer, electronically."""

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from firstdose.domain.authorization.answers import receive
from firstdose.domain.authorization.lines import PayerAnswer, Submission
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.payer.coverage import Benefits
from firstdose.ports import (
    AuthorizationRequest,
    ClockJudgment,
    ClockRequest,
    DecisionWait,
    DocumentsReply,
    EffectRequest,
    JudgedClock,
    PayerGateway,
)


class PayerActivities:
    def __init__(self, payer: PayerGateway) -> None:
        self._payer = payer

    @activity.defn
    async def verify_benefits(self, request: EffectRequest) -> Benefits:
        return await self._payer.verify_benefits(request)

    @activity.defn
    async def submit_authorization(self, request: AuthorizationRequest) -> Submission:
        return await self._payer.submit(request)

    @activity.defn
    async def await_decision(self, wait: DecisionWait) -> PayerAnswer:
        """Returns when the payer has a new answer; until then each attempt fails benignly, which adds no event.

        Remarks alone are none: a payer that says the time with each answer would be asked without a pause.
        """
        answer = await self._payer.inquire(wait)
        _, changes = receive(wait.known, answer.model_copy(update={"remarks": wait.known.remarks}))
        if changes is None:
            raise ApplicationError(
                "still pending",
                type="still_pending",
                category=ApplicationErrorCategory.BENIGN,
                next_retry_delay=wait.every,
            )
        return answer

    @activity.defn
    async def read_answer(self, request: EffectRequest) -> PayerAnswer | None:
        return await self._payer.read(request)

    @activity.defn
    async def start_clock(self, request: ClockRequest) -> Clock | None:
        return await self._payer.start_clock(request)

    @activity.defn
    async def judge_clock(self, judgment: ClockJudgment) -> JudgedClock:
        return await self._payer.judge_clock(judgment)

    @activity.defn
    async def send_documents(self, reply: DocumentsReply) -> None:
        await self._payer.send_documents(reply)

    @activity.defn
    async def void_authorization(self, request: AuthorizationRequest) -> None:
        await self._payer.void(request)
