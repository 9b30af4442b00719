"""Over all orders, doors and shapes of answers: one submission, and no understood answer without effect or owner.

The payer takes each request that reaches it, so that a second submission would be one too many.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

import orjson
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.answers import AnswerBook, PayerNotifications
from firstdose.adapters.payers.exchange import Unknown
from firstdose.adapters.payers.pas.channel import PasChannel
from firstdose.domain.authorization.answers import CONTRADICTED, apply, receive
from firstdose.domain.authorization.lines import Line, LineState, PayerAnswer, move
from firstdose.domain.authorization.steps import STATES
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import Contact, PayerEndpoint
from firstdose.ports import AuthorizationRequest, EffectRequest, Impossible, Unavailable
from tests.contract.cases import US, endpoint, lines
from tests.contract.memory import MemoryContacts
from tests.contract.test_pas_once import ANOTHER, DECISIONS, KEY, NAMINGS, UNREADABLE, WRAPPINGS, office
from tests.unit.test_pas_answer import item

Door = Literal["inquiry", "notification"]
SAYS: Final[dict[str, dict[str, Any]]] = {
    **DECISIONS,
    "denied": {"item": [item(line.sequence, "A3") for line in lines()]},
}
DECIDES: Final = {"approved": LineState.APPROVED, "denied": LineState.DENIED}
LOST: Final = "lost"
MISSING: Final = "missing"
"""The payer has no such operation."""
FOREIGN: Final = "foreign"


class Said(NamedTuple):
    """A response, in one of the shapes of one meaning; bytes that are none; or a word for what happens instead."""

    meaning: str
    naming: str = "trace"
    wrapping: str = "bundle"

    @property
    def response(self) -> dict[str, Any]:
        naming = ANOTHER if self.meaning == FOREIGN else NAMINGS[self.naming]
        decision = SAYS["approved" if self.meaning == FOREIGN else self.meaning]
        return {"resourceType": "ClaimResponse", "outcome": "complete", **decision, **naming}

    @property
    def body(self) -> bytes:
        bundle = {"resourceType": "Bundle", "entry": [{"resource": self.response}]}
        wrapped = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": bundle}]}
        return orjson.dumps({"bundle": bundle, "bare": self.response, "parameters": wrapped}[self.wrapping])

    @property
    def notification(self) -> bytes:
        parameters = [{"name": "type", "valueCode": "event-notification"}]
        status = {"resourceType": "Parameters", "parameter": parameters}
        entries = [{"resource": status}, {"resource": self.response}]
        return orjson.dumps({"resourceType": "Bundle", "type": "history", "entry": entries})


class AnyPayer:
    """In the place of PasClient: says to each call what it is given to say."""

    def __init__(self, says: Said) -> None:
        self.says = says
        self.submissions = 0
        self.calls = 0

    async def post(
        self, endpoint: PayerEndpoint, path: str, resource: object, headers: Mapping[str, str] | None = None
    ) -> bytes:
        if path == "Subscription":
            return b"{}"
        self.calls += 1
        self.submissions += path == "Claim/$submit"
        if self.says.meaning == LOST:
            raise Unavailable(ProblemCode.PAYER_TIMED_OUT)
        if self.says.meaning == MISSING:
            raise Unknown(b"no such path")
        if self.says.meaning in map(str, range(len(UNREADABLE))):
            return UNREADABLE[int(self.says.meaning)]
        return self.says.body


class Course:
    """What the process makes of it: the lines, who was given what nobody may decide alone, and what was understood."""

    def __init__(self, first: Said) -> None:
        self.payer = AnyPayer(first)
        self.desk = office(PasChannel(self.payer, US), endpoint())  # type: ignore[arg-type]
        contacts = self.desk._contacts
        assert isinstance(contacts, MemoryContacts)
        book = AnswerBook(contacts, lambda: datetime.now(UTC))
        self.notifications = PayerNotifications(contacts, book, self.desk._files, self)
        self.lines: tuple[Line, ...] = tuple(
            line.model_copy(update={"contact": KEY})
            for line in move(lines(), LineState.SUBMITTED, of=frozenset(LineState))
        )
        self.known: PayerAnswer | None = None
        self.understood: list[str] = []
        self.owners: list[str] = []
        self.with_a_person = False
        """Who submits it otherwise, beside what the payer has said meanwhile."""

    async def submits(self) -> None:
        """As often as the process would try; what fails for good is a person's."""
        for _ in range(2):
            try:
                submission = await self.desk.submit(AuthorizationRequest(referral_id="r", key=KEY, lines=lines()))
            except Unavailable:
                continue
            except Impossible as error:
                self.owners.append(error.problem)
                self.with_a_person = True
                return
            self.hears(submission.answer)
            return

    async def inquires(self, says: Said) -> None:
        self.payer.says, before = says, self.payer.calls
        try:
            answer = await self.desk.inquire(EffectRequest(referral_id="r", key=KEY))
        except Unavailable:
            return
        except Impossible as error:
            self.owners.append(error.problem)
            return
        if self.payer.calls > before and says.meaning in SAYS:
            self.understood.append(says.meaning)
        self.hears(answer)

    async def is_notified(self, says: Said) -> None:
        before = len(self.owners)
        await self.notifications.receive(endpoint(), says.notification)
        if len(self.owners) == before:
            self.understood.append(says.meaning)

    def hears(self, answer: PayerAnswer) -> None:
        self.known, new = receive(self.known, answer)
        self.lines = apply(self.lines, new, contact=KEY) if new else self.lines

    async def answered(self, contact: Contact, digest: str, *, refused: ProblemCode | None = None) -> None:
        """Implements answers.AnswerSink, with those below."""
        if refused:
            self.owners.append(refused)
            return None
        if self.known is None and not self.with_a_person:
            return await self.submits()  # the attempt goes on, and finds it
        answer = await self.desk.read(EffectRequest(referral_id="r", key=contact.id))
        assert answer is not None
        self.hears(answer)

    async def rang(self) -> None:
        self.owners.append("rang")

    async def lost(self, subscription: str) -> None:
        self.owners.append("lost")

    async def note(self, action: str, payer: str) -> None:
        self.owners.append(action)


SHAPES = st.builds(Said, st.sampled_from(sorted(SAYS)), st.sampled_from(sorted(NAMINGS)), st.sampled_from(WRAPPINGS))
INSTEAD = st.sampled_from([LOST, MISSING, FOREIGN, *map(str, range(len(UNREADABLE)))]).map(Said)
DIRECT = SHAPES | INSTEAD
DOORS: Final[tuple[Door, ...]] = ("inquiry", "notification")
LATER = st.one_of(
    st.tuples(st.sampled_from(DOORS), SHAPES | st.just(Said(FOREIGN))), st.tuples(st.sampled_from(DOORS[:1]), INSTEAD)
)


@given(DIRECT, st.lists(LATER, max_size=5))
async def test_one_submission_and_every_understood_answer_has_its_effect_or_its_owner(
    first: Said, later: list[tuple[Door, Said]]
) -> None:
    course = Course(first)
    await course.submits()
    if first.meaning in SAYS:
        course.understood.append(first.meaning)
    for door, says in later:
        await (course.inquires(says) if door == "inquiry" else course.is_notified(says))
    assert course.payer.submissions == 1
    assert set(course.owners) <= {
        "payer_refused_request",
        "answer_for_another_request",
        "inquiry_not_offered",
        "payer_notification_unmatched",
    }
    assert all(_counts(line, course.understood) for line in course.lines), (course.understood, course.lines)


def _counts(line: Line, understood: list[str]) -> bool:
    """Each state has a step, so somebody or something that goes on with it; a decision is there or a person's."""
    decided = {DECIDES[one] for one in understood if one in DECIDES}
    if not (line.settled or any(line.state in states for states in STATES.values())):
        return False
    if len(decided) > 1:
        return line.state is LineState.NEEDS_REVIEW and line.reason_code == CONTRADICTED
    if "error" in understood:  # before the decision it is overtaken, after it a person looks
        return line.state in {LineState.NEEDS_REVIEW, *decided}
    if decided:
        return line.state in decided
    return line.state is (LineState.PENDED if understood else LineState.SUBMITTED)
