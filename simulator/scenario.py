"""Scenarios: what the outside world does to one referral, as data in `scenarios/*.yaml`.

`payer` is the simulated payer's script, `people` what patients and staff do, `referral` which facts are different,
`expect` how it must end.
"""

import re
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.work.stage import Closing, Stage

DEFAULT = "approved"
_MEMBER = re.compile(r"SIM-?([A-Z0-9-]+[0-9])", re.IGNORECASE)


class ScenarioPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(StrEnum):
    """What the payer says about a line."""

    APPROVE = "approve"
    DENY = "deny"
    PARTIAL = "partial"
    MODIFY = "modify"
    PEND = "pend"
    REQUEST_INFORMATION = "request_information"
    NOT_REQUIRED = "not_required"
    CANCEL = "cancel"
    UNKNOWN = "unknown"


class Upon(StrEnum):
    """What a step follows upon."""

    PREVIOUS = "previous"
    DOCUMENTS = "documents"


class ScenarioStep(ScenarioPart):
    """One answer, `after` so long. `lines` says what is different for some kinds of line."""

    answer: Word
    upon: Upon = Upon.PREVIOUS
    after: timedelta = timedelta()
    lines: dict[LineKind, Word] = {}
    wants: tuple[str, ...] = ("11506-3",)
    """LOINC codes of the documents that an information request names."""
    due_in: timedelta = timedelta(days=14)
    reason: str | None = None
    code: str | None = None
    """The review action code (X12 306) that is sent instead of the answer's own."""
    instead: str | None = None
    """Over FHIR, the HCPCS code that a modification authorizes for drugs."""
    rejected: str | None = None
    """Over FHIR, the reject reason (X12 901) that is all the answer."""
    note: str | None = None
    """What it says besides, over FHIR."""
    tells_units: bool = True
    """Whether a part says how much it is."""

    def word_for(self, kind: LineKind) -> Word:
        return self.lines.get(kind, self.answer)


class ScenarioRequest(StrEnum):
    SUBMIT = "submit"
    INQUIRE = "inquire"
    ELIGIBILITY = "eligibility"


class Misbehavior(StrEnum):
    """How a payer's server fails. The first four have not taken the request, the others have."""

    SERVER_ERROR = "server_error"
    TOO_MANY_REQUESTS = "too_many_requests"
    REFUSED = "refused"
    OUTAGE = "outage"
    """The whole payer is away for `seconds`, from its first such request on."""
    SLOW = "slow"
    HTML_WITH_200 = "html_with_200"
    TRUNCATED_JSON = "truncated_json"
    DROP_CONNECTION = "drop_connection"
    DRIPPING = "dripping"
    WRONG_TRACE = "wrong_trace"
    """The answer to somebody else's request."""
    WRONG_PATIENT = "wrong_patient"
    """The answer to ours, about somebody else."""
    WRONG_RESOURCE = "wrong_resource"
    """FHIR, but no answer."""


class Fault(ScenarioPart):
    """The first `times` deliveries of each request fail so; `seconds` is how slow, or when to come back (real time)."""

    upon: ScenarioRequest = ScenarioRequest.SUBMIT
    fault: Misbehavior
    times: int = 1
    seconds: float = 0
    lasts: timedelta = timedelta()
    """How much longer an outage is, in simulated time."""


class Eligibility(ScenarioPart):
    """What the plan covers. Amounts in US dollars."""

    status: CoverageStatus = CoverageStatus.ACTIVE
    in_network: bool = True
    copay: Decimal = Decimal(40)
    coinsurance_percent: int = 20
    deductible_remaining: Decimal = Decimal(250)
    out_of_pocket_remaining: Decimal = Decimal(3000)
    needs_authorization: frozenset[LineKind] = frozenset(LineKind)
    another_payer: str | None = None
    """The name of one that manages this member."""
    not_covered: frozenset[LineKind] = frozenset()
    days_left: int | None = None
    """Of home care."""
    former_plan: str | None = None
    """The name of one that ended last year and stands before the present one."""
    rejected: str | None = None
    """The reject reason (X12 901) that is all the answer."""


class NumberPlace(StrEnum):
    """Where an answer has the number of an authorization."""

    SERVICE = "service"
    EVENT = "event"
    """Over FHIR, the `preAuthRef` of the whole."""
    EVENT_REFERENCE = "event_reference"
    """In a REF of the event; over FHIR, in an extension of each item."""


class Naming(StrEnum):
    """How an answer names the request that it answers."""

    TRACE = "trace"
    REFERENCE = "reference"
    """By the address of what we sent alone. Only FHIR has it."""
    OWN_NUMBER = "own_number"
    """By a number of the payer's, which names nothing to us."""
    NOTHING = "nothing"


class Shape(StrEnum):
    """Of notifications: the three with an answer that payers use, and two that only ring."""

    NESTED = "nested"
    FLATTENED = "flattened"
    INLINED = "inlined"
    ID_ONLY = "id_only"
    EMPTY = "empty"


class Telling(StrEnum):
    """How the payer notifies of a decision."""

    ONCE = "once"
    """Again until it has arrived."""
    TWICE = "twice"
    OUT_OF_ORDER = "out_of_order"
    """The decision, and then the earlier word that it was pended."""
    AT_ONCE = "at_once"
    """The decision and the word before it, side by side: whichever arrives first."""
    WRONG_TRACE = "wrong_trace"
    MALFORMED = "malformed"
    NEVER = "never"


class PayerScript(ScenarioPart):
    """What the payer answers: to requests, and to appeals of what it denied."""

    eligibility: Eligibility = Eligibility()
    authorization: tuple[ScenarioStep, ...] = (ScenarioStep(answer=Word.APPROVE),)
    appeal: tuple[ScenarioStep, ...] = (
        ScenarioStep(answer=Word.PEND),
        ScenarioStep(after=timedelta(days=5), answer=Word.APPROVE),
    )
    faults: tuple[Fault, ...] = ()
    notification: Shape = Shape.NESTED
    telling: Telling = Telling.ONCE
    number_at: NumberPlace = NumberPlace.SERVICE
    naming: Naming = Naming.TRACE
    cancellation: Word = Word.CANCEL
    """What it answers to a cancellation."""
    reads_only_type_and_id: bool = False
    """It splits references at the slash, and refuses what it then does not find in the Bundle."""
    heeds_cancellation: bool = True
    """Else it decides, and tells, what was taken back."""

    @property
    def names_us(self) -> bool:
        """Whether its X12 answers repeat our number."""
        return self.naming is Naming.TRACE

    @model_validator(mode="after")
    def _answered_at_once(self) -> Self:
        for steps in (self.authorization, self.appeal):
            if not steps or steps[0].after or steps[0].upon is not Upon.PREVIOUS:
                raise ValueError("the first step answers the submission itself")
        return self


class Expectation(ScenarioPart):
    closing: Closing | None = None
    stage: Stage | None = None


class Scenario(ScenarioPart):
    name: str
    description: str = ""
    payer: PayerScript = PayerScript()
    people: dict[str, list[dict[str, Any]]] = {}
    referral: dict[str, Any] = {}
    """Facts by path that differ from the usual referral."""
    expect: Expectation = Field(default=Expectation())


@cache
def load_scenarios() -> dict[str, Scenario]:
    """All scenarios by name. Raises ValidationError for a file that is wrong."""
    folder = files("simulator") / "scenarios"
    texts = [file.read_text() for file in folder.iterdir() if file.name.endswith(".yaml")]
    loaded = [Scenario.model_validate(yaml.safe_load(text)) for text in texts]
    return {scenario.name: scenario for scenario in sorted(loaded, key=lambda scenario: scenario.name)}


def scenario_of(member_id: str | None, *, seed: int | None = None) -> Scenario:
    """`SIM-PENDED-THREE-DAYS-7` is `pended_three_days`, with or without the dashes, for over X12 they fall away.

    Whoever is in no scenario is simply approved, or with a seed gets any of them: a member always the same.
    """
    match = _MEMBER.fullmatch(member_id or "")
    scenarios = load_scenarios()
    name = _named(match.group(1).lower().replace("-", "")) if match else None
    if not name and member_id and seed is not None:
        name = Random(f"{seed}:{member_id}").choice(tuple(scenarios))  # noqa: S311 - variety, no secret
    return scenarios[name or DEFAULT]


def _named(written: str) -> str | None:
    """The scenario whose name, without its dashes, is followed by a number alone: the longest, for some end in one."""
    plain = {name.replace("_", ""): name for name in load_scenarios()}
    found = [name for name in plain if written.startswith(name) and written[len(name) :].isdigit()]
    return plain[max(found, key=len)] if found else None
