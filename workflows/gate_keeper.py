"""Reopens the steps of closed gates, all together; what its step did not mend goes to a supervisor."""

from collections.abc import Iterable
from typing import Final

from temporalio import workflow

from firstdose.domain.care.gate_steps import STEP_OF, described
from firstdose.domain.care.gates import ClosedGate, DispatchReadiness, Gate, GateReason, closed_gates
from firstdose.domain.care.nursing import as_assessed
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.resolutions import Reconcile
from firstdose.domain.work.role import Role
from workflows.mechanism.case import Part
from workflows.mechanism.control import all_of
from workflows.mechanism.track import Track

_REVIEWED: Final = GateReason.UNDER_REVIEW
_NOT_USABLE: Final = (GateReason.BEYOND_USE_OVER, GateReason.NOBODY_BRINGS)
_BY_PERIOD: Final = (GateReason.ENDS_BEFORE_VISIT, GateReason.NO_UNITS)


class GateKeeper(Track):
    def closed(self, visit: Visit | None, nurse_problem: str | None = None) -> tuple[ClosedGate, ...]:
        case = self.case
        ready = DispatchReadiness(
            now=workflow.now(),
            outline=case.outline,
            licensed_states=case.policy.licensed_states,
            site=case.site,
            lines=self.authorization.lines,
            assessment=case.assessment,
            agreement_signed=case.agreement_signed,
            therapy=case.therapy,
            visit=visit,
            nursing=as_assessed(case.outline, case.assessment).needs_nursing,
            nurse_problem=nurse_problem,
            patient_from=case.patient_from,
            on_hold=self.control.hold is not None,
            under_review=case.under_review,
            overridden=case.overridden,
        )
        return closed_gates(ready)

    def passed(self) -> None:
        """Every gate is open at dispatch."""
        self.case.blocked_by = ()
        self.case.gates.closed, self.case.gates.tried = [], []

    def reopen(self, closed: tuple[ClosedGate, ...], *, at_dispatch: bool) -> None:
        """Every track starts again, and the step of each gate is taken; at dispatch the visit is given up as well."""
        log = self.case.gates
        self.case.blocked_by = tuple(described(gate) for gate in closed)
        self.journal.note(
            "dispatch.blocked",
            gates=[gate.gate for gate in closed],
            reasons=[gate.reason for gate in closed],
            why=list(self.case.blocked_by),
        )
        log.closed = list(closed)
        log.stuck = [gate for gate in closed if gate.key in log.tried or STEP_OF[gate.gate].role is Role.SUPERVISOR]
        self._take_steps(gate for gate in closed if gate not in log.stuck)
        gives_up = at_dispatch and any(gate.reason is not _REVIEWED for gate in closed)
        self.send_back(*([Part.VISIT] if gives_up else []))

    def _take_steps(self, closed: Iterable[ClosedGate]) -> None:
        log = self.case.gates
        for gate in closed:
            if gate.gate is not Gate.HOLD and gate.reason is not _REVIEWED and gate.key not in log.tried:
                log.tried.append(gate.key)
            self.send_back(*self._stale(gate))

    def _stale(self, gate: ClosedGate) -> tuple[Part, ...]:
        """Forget what the step makes anew, or name the part that is undone and then done again."""
        if gate.reason is _REVIEWED:  # its track asks for the review
            return ()
        match gate.gate:
            case Gate.AUTHORIZATION if gate.reason in _BY_PERIOD:
                return (Part.RENEWAL,)
            case Gate.AUTHORIZATION if gate.reason is GateReason.BEGINS_AFTER_VISIT:
                return (Part.VISIT,)
            case Gate.ASSESSMENT:
                self.case.assessment = None
            case Gate.AGREEMENT:
                self.case.agreement_signed = False
            case Gate.KIT:
                self.case.therapy = None  # the drug stays reserved: the pharmacist adds the kit
            case Gate.THERAPY if gate.reason in _NOT_USABLE:
                return (Part.THERAPY,)
            case Gate.VISIT_TIME | Gate.NURSE:
                return (Part.VISIT,)
        return ()

    @property
    def prepares(self) -> bool:
        """Whether drug and visit are made anew at once: not before the authorized period is known, nor in vain."""
        log = self.case.gates
        return not log.stuck and all(gate.gate is not Gate.AUTHORIZATION for gate in log.closed)

    @property
    def mending(self) -> bool:
        """Whether steps of closed gates can be taken beside the first steps."""
        return bool(self.case.gates.closed) and self.case.benefits is not None

    async def ask(self) -> None:
        """What no other track asks for by itself: missing facts, and what a supervisor decides."""
        closed = {gate.gate for gate in self.case.gates.closed}
        await all_of(
            self._need(BlockedStep.DISPATCH, wanted=Gate.ORDER in closed),
            self._need(BlockedStep.CONTACT, wanted=Gate.CONTACT in closed),
            self._ask_supervisor(),
        )

    async def _need(self, blocks: BlockedStep, *, wanted: bool) -> None:
        if wanted:
            await self.need(blocks)

    async def _ask_supervisor(self) -> None:
        """A gate that no step has opened: the supervisor has it tried again, or says how the referral ends.

        The license is asked about from day one (workflows/license.py), and waited for here.
        """
        log = self.case.gates
        if any(gate.gate is Gate.LICENSED for gate in log.stuck):
            await self.control.until(self._licensed)
            log.stuck = [gate for gate in log.stuck if gate.gate is not Gate.LICENSED]
        if not log.stuck:
            return
        answer = await self.worklist.ask_unless(
            lambda: not self._still_stuck(),
            Reconcile,
            about="dispatch",
            step="dispatch",
            reason="gate_closed_again",
            blocked_by=[described(gate) for gate in log.stuck],
            tried=[STEP_OF[gate.gate].opens for gate in log.stuck if gate.key in log.tried],
        )
        if answer is not None and answer.outcome == "close" and answer.closing:
            self.control.close(answer.closing)
        stuck, log.stuck = log.stuck, []
        if answer is not None:
            self._take_steps(stuck)
            self.control.check()

    def _licensed(self) -> bool:
        return self.case.outline.state in self.case.policy.licensed_states

    def _still_stuck(self) -> bool:
        """Whether any of them is closed: facts may have changed, or an override been approved."""
        visit = self.case.visit
        closed = {gate.key for gate in self.closed(visit)}
        return any(
            gate.key in closed or (gate.gate not in self.case.overridden and not _judged(gate, visit))
            for gate in self.case.gates.stuck
        )


_ABOUT_VISIT: Final = (Gate.VISIT_TIME, Gate.NURSE, Gate.PATIENT_CONFIRMED, Gate.AUTHORIZATION, Gate.THERAPY)


def _judged(gate: ClosedGate, visit: Visit | None) -> bool:
    """What is about the visit cannot be judged without one, nor what the roster says without asking it."""
    if gate.reason is GateReason.NURSE_UNFIT:
        return False
    return visit is not None or gate.gate not in _ABOUT_VISIT
