"""What may happen to any referral: drawn at random, for the property that it ends once whatever comes."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError

from firstdose.domain.authorization.answers import receive
from firstdose.domain.authorization.lines import (
    InformationRequest,
    LineAnswer,
    LineState,
    PayerAnswer,
    Submission,
)
from firstdose.domain.authorization.lines import Line as AuthorizationLine
from firstdose.domain.care.gates import Gate
from firstdose.domain.clock.clocks import Regime
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Batch, Noted, Opened, Recorded, Resolved
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import AuthorizationRequest, EffectRequest, Impossible
from tests.process.outside import APPROVED, ELECTRONIC, OUTLINE, Outside
from tests.process.story import Story
from workflows.messages import (
    AmendRequest,
    ApproveOverride,
    CancelRequest,
    HoldRequest,
    OverrideRequest,
    PayerAnswered,
    ResumeRequest,
)
from workflows.referral import ReferralWorkflow

ONE, OTHER = (Actor(id=name, roles=(Role.SUPERVISOR,)) for name in ("one", "other"))
REFUSED = [LineState.DENIED, LineState.PARTIAL, LineState.MODIFIED, LineState.NEEDS_REVIEW]
SOON = timedelta(milliseconds=300)


@dataclass
class Watched(Outside):
    """Notes who approved which line of which request, and complains where the process believes in more."""

    slow: list[float] = field(default_factory=list)
    """Seconds that the first submission takes, the second, …"""
    blessed: set[tuple[str | None, int]] = field(default_factory=set)
    by_people: set[tuple[int, str]] = field(default_factory=set)
    """Lines that a person approved, and their codes."""
    complaints: list[str] = field(default_factory=list)
    shown: dict[str, WorkItem] = field(default_factory=dict)

    async def submit(self, request: AuthorizationRequest) -> Submission:
        number = len(self.requests)
        if number < len(self.slow):
            await asyncio.sleep(self.slow[number])
        submission = await super().submit(request)
        self._bless(request.key, submission.answer)
        return submission

    async def inquire(self, request: EffectRequest) -> PayerAnswer:
        answer = await super().inquire(request)
        self._bless(request.key, answer)
        return answer

    async def void(self, request: AuthorizationRequest) -> None:
        arrived = request.replaces in {each.key for each in self.requests}
        for line in request.lines:
            if arrived and (request.replaces, line.sequence) not in self.carried:
                self.complaints.append(f"taken back from {request.replaces}, which carries it no more: {line}")
        await super().void(request)

    def comes(self, contact: str, word: PayerAnswer) -> None:
        """The payer says something by itself."""
        self.stored[contact], _ = receive(self._newest(contact), word)
        self._bless(contact, self.stored[contact])

    def _bless(self, contact: str, answer: PayerAnswer) -> None:
        self.blessed |= {(contact, each.sequence) for each in answer.lines if each.state is LineState.APPROVED}

    async def record(self, batch: Batch) -> Recorded:
        for entry in batch.entries:
            if isinstance(entry, Opened):
                self.shown[entry.item.id] = entry.item
            if isinstance(entry, Resolved):
                self._believe(entry)
        for line in batch.standing.lines:
            self._judge(line)
        return await super().record(batch)

    def _believe(self, entry: Resolved) -> None:
        words = (entry.resolution or {}).get("lines", ())
        approved = {word["sequence"] for word in words if word["state"] == "approved"}
        shown = self.shown[entry.item_id].asks.get("lines", ())
        self.by_people |= {(line["sequence"], line["code"]) for line in shown if line["sequence"] in approved}

    def _judge(self, line: AuthorizationLine) -> None:
        if line.state is not LineState.APPROVED or (line.sequence, line.code) in self.by_people:
            return
        if (line.contact, line.sequence) not in self.blessed:
            self.complaints.append(f"nobody approved {line}")
        for request in self.requests:
            if request.key == line.contact and line.code not in {asked.code for asked in request.lines}:
                self.complaints.append(f"approved for another order: {line}")

    @property
    def carried(self) -> dict[tuple[str, int], None]:
        """The electronic requests and their lines that no later request of ours took over."""
        carried: dict[tuple[str, int], None] = {}
        noted = [
            (entry.details["contact"], entry.details["lines"])
            for entry in self.entries
            if isinstance(entry, Noted) and entry.action == "authorization.submitted"
        ]
        order = [contact for contact, _ in noted]
        for request in self.requests:
            since = noted[order.index(request.key) + 1 :] if request.key in order else []
            later = {sequence for _, lines in since for sequence in lines}
            carried |= {(request.key, each.sequence): None for each in request.lines if each.sequence not in later}
        return carried

    @property
    def voids(self) -> list[tuple[str | None, int]]:
        return [(order.replaces, line.sequence) for order in self.voided for line in order.lines]


@st.composite
def words(draw: st.DrawFn) -> PayerAnswer:
    """The payer's word, line by line; it may leave a line out, want information, or authorize no unit at all."""
    states = [LineState.PENDED, LineState.APPROVED, *REFUSED]
    lines = [
        LineAnswer(sequence=at, state=state, units=draw(st.sampled_from([None, None, 14, 0])))
        for at in (1, 2, 3)
        if (state := draw(st.sampled_from([*states, None]))) is not None
    ]
    pended = any(line.state is LineState.PENDED for line in lines)
    wanted = InformationRequest(wanted=("11506-3",)) if pended and draw(st.booleans()) else None
    return PayerAnswer(lines=tuple(lines), information=wanted, tracking=draw(st.sampled_from([None, "P1"])))


@st.composite
def decisions(draw: st.DrawFn) -> list[tuple[timedelta, PayerAnswer]]:
    """What is heard of a request in turn, some of it twice; in the end the payer approves."""
    said = draw(st.lists(words(), max_size=2))
    return [*((SOON * at, word) for at, word in enumerate(said, start=1)), (SOON * (len(said) + 1), APPROVED)]


@dataclass(frozen=True)
class Event:
    """Something that somebody does when so much has been recorded."""

    after: int
    does: str
    number: int = 0
    word: PayerAnswer = APPROVED


EVENTS = ["tells", "tells", "tells_twice", "holds", "hospitalized", "order", "order", "coverage", "override", "cancel"]


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    one = st.builds(
        Event, after=st.integers(1, 24), does=st.sampled_from(EVENTS), number=st.integers(0, 3), word=words()
    )
    return sorted(draw(st.lists(one, max_size=4)), key=lambda event: event.after)


@st.composite
def outsides(draw: st.DrawFn, policy: Any) -> Watched:
    channel = draw(st.sampled_from([Channel.PAS, Channel.PAS, Channel.PEOPLE]))
    regime = draw(st.sampled_from(list(Regime)))
    refused: Any = st.just(Impossible(ProblemCode.PAYER_REFUSED_REQUEST))
    firsts = draw(st.lists(st.one_of(words(), words(), words(), refused), max_size=3))
    missing = draw(st.sampled_from([{}, {}, {BlockedStep.AUTHORIZATION: ("documents.clinical_note",)}]))
    return Watched(
        policy=policy,
        outline=OUTLINE.model_copy(update={"missing": missing}),
        supplied={"*": OUTLINE},
        plan=ELECTRONIC.model_copy(update={"authorization": channel, "regime": regime}),
        submissions=[*firsts, APPROVED],
        decisions=[(SOON, APPROVED)],
        decisions_on=draw(st.lists(decisions(), max_size=3)),
        slow=draw(st.lists(st.sampled_from([0, 0, 0.1, 0.3]), max_size=3)),
    )


async def let_happen(story: Story, happening: list[Event]) -> None:
    """Each event at its time; what is refused, because the referral has ended or is on hold, is passed over."""
    outside = story.outside
    assert isinstance(outside, Watched)
    for number, event in enumerate(happening):
        async with outside.happened:
            await outside.happened.wait_for(lambda event=event: len(outside.entries) >= event.after)  # type: ignore[misc]
        with suppress(WorkflowUpdateFailedError, RPCError):
            await _happens(story, outside, event, f"00000000-0000-4000-8000-{number:012d}")


async def _happens(story: Story, outside: Watched, event: Event, message: str) -> None:
    match event.does:
        case "tells" | "tells_twice" if outside.requests:
            contact = outside.requests[event.number % len(outside.requests)].key
            outside.comes(contact, event.word)
            for _ in range(1 if event.does == "tells" else 2):
                await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))
        case "holds" | "hospitalized":
            reason = HoldReason.PATIENT_AWAY if event.does == "holds" else HoldReason.HOSPITALIZED
            await story.steer(ReferralWorkflow.hold, HoldRequest(actor=ONE, reason=reason))
            await asyncio.sleep(0.05 * event.number)
            await story.steer(ReferralWorkflow.resume, ResumeRequest(actor=ONE))
        case "order" | "coverage":
            outside.changes = frozenset({Change(event.does)})
            frequency = "q12h" if event.number % 2 else "q8h"
            outside.supplied[message] = OUTLINE.model_copy(update={"frequency": frequency})
            await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=message))
        case "override":
            ask = OverrideRequest(actor=ONE, gate=Gate.AUTHORIZATION, reason=OverrideReason.DISCHARGE_TODAY)
            asked = await story.steer(ReferralWorkflow.override, ask)
            assert asked.id
            await story.steer(ReferralWorkflow.approve_override, ApproveOverride(actor=OTHER, override_id=asked.id))
        case "cancel":
            await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=ONE, reason=Closing.WITHDRAWN))


def approves(item: WorkItem, _: datetime) -> Mapping[str, Any]:
    """Every line that the item shows."""
    lines = [{"sequence": line["sequence"], "state": "approved"} for line in item.asks["lines"]]
    return {"outcome": DECIDES.get(item.kind, "answered"), "lines": lines}


DECIDES = {K.REVIEW_DECISION: "decided", K.PEER_TO_PEER: "overturned"}


def says_of_the_first(state: str, **more: Any) -> Any:
    """A word on the first line that the item shows, and none on the others."""

    def answer(item: WorkItem, _: datetime) -> Mapping[str, Any]:
        lines = [{"sequence": item.asks["lines"][0]["sequence"], "state": state}]
        return {"outcome": DECIDES.get(item.kind, "answered"), "lines": lines, **more}

    return answer


def for_the_first(outcome: str) -> Any:
    """A way that is taken for the first line alone."""

    def answer(item: WorkItem, _: datetime) -> Mapping[str, Any]:
        return {"outcome": outcome, "sequences": [item.asks["lines"][0]["sequence"]]}

    return answer


def extended(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {"outcome": "extended", "told_at": now.isoformat(), "extended_by_days": 3}
