"""The life of lines and items as a state machine: no gate opens on a line that nobody approved."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firstdose.domain.authorization.answers import apply, decide
from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.authorization.lines import (
    LineAnswer,
    LineState,
    PayerAnswer,
    move,
)
from firstdose.domain.authorization.steps import Step, next_step
from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.care.gates import DispatchReadiness, Gate, closed_gates
from firstdose.domain.care.therapy import Delivery, PreparedTherapy
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.referral.order import Site
from firstdose.domain.work.judgment import judge_shape
from firstdose.domain.work.resolution import Resolution
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import ROLE_OF, WorkItem, WorkItemKind

AT = datetime(2026, 12, 3, tzinfo=UTC)
PAYER_WORDS = [state for state in LineState if state not in (LineState.DRAFT, LineState.SUBMITTED, LineState.EXPIRED)]
REVIEWED = (LineState.DENIED, LineState.PARTIAL, LineState.MODIFIED, LineState.NEEDS_REVIEW)


class LinesAndItems(RuleBasedStateMachine):
    """Model: which lines somebody (payer or person) has approved or found free, and which item is open."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = lines_for(DeidentifiedFacts(), Site.HOME)
        self.blessed: set[int] = set()
        self.item: WorkItem | None = None
        self.resolved: list[Resolution] = []

    @precondition(lambda self: next_step(self.lines) is Step.SUBMIT)
    @rule()
    def submit(self) -> None:
        self.lines = move(self.lines, LineState.SUBMITTED, of={LineState.DRAFT, LineState.EXPIRED})

    @rule(sequence=st.integers(1, 4), state=st.sampled_from(PAYER_WORDS))
    def the_payer_says(self, sequence: int, state: LineState) -> None:
        if state in (LineState.APPROVED, LineState.NOT_REQUIRED):
            self.blessed.add(sequence)
        self.lines = apply(self.lines, PayerAnswer(lines=(LineAnswer(sequence=sequence, state=state),)))

    @precondition(lambda self: next_step(self.lines) is Step.REVIEW)
    @rule(state=st.sampled_from([LineState.APPROVED, LineState.DENIED, LineState.EXHAUSTED]))
    def a_person_decides(self, state: LineState) -> None:
        under_review = [line.sequence for line in self.lines if line.state in REVIEWED]
        if state is LineState.APPROVED:
            self.blessed |= set(under_review)
        self.lines = decide(self.lines, tuple(LineAnswer(sequence=each, state=state) for each in under_review))

    @rule()
    def an_authorization_expires(self) -> None:
        self.lines = move(self.lines, LineState.EXPIRED, of={LineState.APPROVED})

    @precondition(lambda self: self.item is None)
    @rule(kind=st.sampled_from(WorkItemKind))
    def an_item_opens(self, kind: WorkItemKind) -> None:
        self.item = WorkItem(id="r-1", kind=kind, opened_at=AT, due_at=AT)

    @rule(
        role=st.sampled_from(Role), outcome=st.sampled_from(["reached", "none", "upheld", "give_up", "continue", "?"])
    )
    def somebody_answers(self, role: Role, outcome: str) -> None:
        try:
            self.resolved.append(judge_shape(self.item, Actor(id="a", roles=(role,)), {"outcome": outcome}))
        except Refused:
            return
        assert self.item is not None
        assert role in (ROLE_OF[self.item.kind], Role.SUPERVISOR)
        self.item = None

    @invariant()
    def no_gate_opens_on_a_line_that_nobody_approved(self) -> None:
        ready = DispatchReadiness(
            now=AT - timedelta(hours=2),
            outline=DeidentifiedFacts(state="IL"),
            licensed_states=frozenset({"IL"}),
            site=Site.HOME,
            lines=self.lines,
            assessment=Assessment(suitability=Suitability.HOME),
            agreement_signed=True,
            therapy=PreparedTherapy(
                lot="L", beyond_use=AT + timedelta(days=1), kit_present=True, delivery=Delivery.WITH_NURSE
            ),
            visit=Visit(visit_at=AT, nurse="rn-1", patient_confirmed=True),
            on_hold=False,
        )
        passing = {line.sequence for line in self.lines if line.covers(AT.date())}
        assert passing <= self.blessed
        closed = {gate.gate for gate in closed_gates(ready)}
        settled = next_step(self.lines) is Step.DONE
        assert (Gate.AUTHORIZATION not in closed) == settled

    @invariant()
    def there_is_always_a_next_step(self) -> None:
        assert next_step(self.lines) in Step


TestLinesAndItems = LinesAndItems.TestCase
TestLinesAndItems.settings = settings(max_examples=60, stateful_step_count=25)
