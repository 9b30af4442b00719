"""Voids what a payer has: electronically where it went so, and by people where people obtained it.

A person also asks where the payer does not confirm an electronic cancellation. Nothing waits for that person but the
end of the referral, and that for the policy's time.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization.lines import Certification, Line, LineState
from firstdose.domain.work.resolutions import Reconcile
from firstdose.domain.work.void_authorization import VoidAuthorization
from firstdose.domain.work.work_item import WorkItemKind
from firstdose.ports import AuthorizationRequest
from workflows import options
from workflows.authorization.state import AskedPayer, OpenVoid, shown
from workflows.mechanism.track import Track

VOID: Final = "void the authorization"
PEOPLE_VOID: Final = "people-void"
"""The patch: referrals whose authorization was voided before people were asked replay as they went."""
_NOTHING_IN_FORCE: Final = frozenset(
    {LineState.NOT_REQUIRED, LineState.DENIED, LineState.EXHAUSTED, LineState.EXPIRED, LineState.VOID}
)


class Voiding(Track):
    async def void(self, contact_id: str, lines: Iterable[Line]) -> None:
        """Cancel these lines of a request, or open the item by which a person does."""
        unwanted, asked = tuple(lines), self._asked(contact_id)
        self.journal.note("authorization.voided", contact=contact_id, lines=[line.sequence for line in unwanted])
        order = self._order(contact_id, unwanted)
        config = options.payer(self.case.policy.payer.give_up_after)
        if not workflow.patched(PEOPLE_VOID):
            if asked.electronic:
                await self.effects.tell(PayerActivities.void_authorization, order, config, VOID, on_hold=True)
            return
        problem: str | None = None
        if asked.electronic:
            problem = await self.effects.attempt(PayerActivities.void_authorization, order, config, VOID, on_hold=True)
        in_force = [line for line in unwanted if line.state not in _NOTHING_IN_FORCE]
        if (problem or asked.by_people) and in_force:
            self._ask_people(
                order.key,
                asked,
                contacts=[order.key],
                trace=contact_id.replace("-", ""),
                lines=shown(in_force),
                problem=problem,
            )

    def _asked(self, contact_id: str) -> AskedPayer:
        """Requests from before this was kept were electronic."""
        named = self.case.plan.model_dump(include={"payer", "phone", "fax", "portal"})
        return self.authorization.asked_payers.get(contact_id) or AskedPayer(**named)

    def _order(self, contact_id: str, lines: tuple[Line, ...]) -> AuthorizationRequest:
        return AuthorizationRequest(
            referral_id=self.case.referral_id,
            key=self.case.key_for("void", contact_id, *(line.sequence for line in lines)),
            lines=tuple(line.model_copy(update={"certification": Certification.CANCEL}) for line in lines),
            replaces=contact_id,
        )

    def _ask_people(self, key: str, asked: AskedPayer, **asks: Any) -> None:
        whom = {"payer": asked.payer, "phone": asked.phone, "fax": asked.fax, "portal": asked.portal}
        until = workflow.now() + self.case.policy.payer.void_within
        void = OpenVoid({**whom, "reference": asked.reference, **asks}, until)
        self.authorization.voids.setdefault(key, void)
        self._open(key)

    def _open(self, key: str) -> None:
        void = self.authorization.voids[key]
        if void.refused:
            problem = "payer_refused_request"
            self.worklist.open(
                Reconcile, about=key, step=VOID, problem=problem, by_hand=True, asked=void.asks, **_contacts(void)
            )
        else:
            self.worklist.open(VoidAuthorization, about=key, **void.asks)

    async def receive_answers(self) -> None:
        """What people heard from the payer, for as long as the workflow lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._answered()))
            for key in self._answered():
                if self.authorization.voids[key].refused:
                    self._decided(key)
                else:
                    self._heard(key)

    def _answered(self) -> list[str]:
        return [
            key
            for key, void in self.authorization.voids.items()
            if self.worklist.answered(Reconcile if void.refused else VoidAuthorization, about=key)
        ]

    def _heard(self, key: str) -> None:
        answer = self.worklist.take(VoidAuthorization, about=key)
        self.journal.note("authorization.void_answered", contact=key, outcome=answer.outcome)
        if answer.outcome == "refused":
            self.authorization.voids[key].refused = True
            self._open(key)
        else:
            del self.authorization.voids[key]

    def _decided(self, key: str) -> None:
        """By a supervisor, about a payer that does not void it."""
        answer = self.worklist.take(Reconcile, about=key)
        if answer.outcome == "retry":
            self.authorization.voids[key].refused = False
            self._open(key)
            return
        del self.authorization.voids[key]
        if answer.closing and not self.control.leaving:
            self.control.request_closing(answer.closing)

    async def settled(self) -> None:
        """Before the referral ends: each has been answered, or its time has passed and a supervisor was told."""
        for key in list(self.authorization.voids):
            self._open(key)
        for key, void in list(self.authorization.voids.items()):
            left = max(void.until - workflow.now(), timedelta())
            try:
                await workflow.wait_condition(
                    lambda key=key: key not in self.authorization.voids,  # type: ignore[misc]
                    timeout=left,
                    timeout_summary="people void the authorization",
                )
            except TimeoutError:
                if key in self.authorization.voids:  # the answer may have come in the same moment
                    self._give_up(key)

    def _give_up(self, key: str) -> None:
        item = self.worklist.item(VoidAuthorization, about=key)
        if item and not item.level:
            self.worklist.escalate(item)
        self.worklist.withdraw(
            WorkItemKind.VOID_AUTHORIZATION, WorkItemKind.RECONCILE, why="not voided in time", about=key
        )
        self.journal.note("authorization.void_not_confirmed", contact=key)
        del self.authorization.voids[key]


def _contacts(void: OpenVoid) -> dict[str, Any]:
    """Where the payer said why it does not void; items from before this was kept have none."""
    return {"contacts": void.asks["contacts"]} if "contacts" in void.asks else {}
