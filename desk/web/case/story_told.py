"""What an action of the audit tells, read for a sentence: services, moments and codes in words."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from desk.web.case.answers_told import answer_told
from desk.web.case.people import whom_of
from desk.web.times import day_text
from desk.web.words import code_text, words
from firstdose.adapters.postgres.referrals.views import LineView
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.visit import ReportItem
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import CoverageStatus
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Milestone, Stage
from firstdose.domain.work.work_item import WorkItemKind


class ToldAction(NamedTuple):
    """An action's details, the lines as they stand by their number, and how a moment is written."""

    details: Mapping[str, Any]
    lines: Mapping[int, LineView]
    moment: Callable[[str | datetime], str]

    def code(self, name: str, *types: type) -> str:
        """The word of a code, in lower case; a code of another version as it is."""
        value = str(self.details.get(name) or "not said")
        for each in types:
            if value in set(each):  # type: ignore[call-overload]
                return words(each(value)).lower()
        return code_text(value).lower()

    def until(self, name: str = "until") -> str:
        at = self.details.get(name)
        return f" until {self.moment(at)}" if at else ""

    def whom(self) -> str:
        role = self.details.get("role")
        return whom_of(Role(role)) if role in set(Role) else "somebody"

    def services(self, numbers: Any) -> str:
        """`the drug line`, `the drug and nursing lines`."""
        named = list(dict.fromkeys(self._service(number) for number in numbers or ()))
        return f"the {_listed(named)} {'line' if len(named) == 1 else 'lines'}" if named else "the lines"

    def _service(self, number: Any) -> str:
        line = self.lines.get(int(number))
        return words(line.kind).lower() if line else f"number {number}"


_OF_STATE: Final[Mapping[LineState, str]] = {
    LineState.APPROVED: "The payer approved {}{}.",
    LineState.PARTIAL: "The payer approved {} in part{}.",
    LineState.MODIFIED: "The payer approved {} with changes{}.",
    LineState.DENIED: "The payer denied {}.",
    LineState.PENDED: "The payer has not decided {} yet.",
    LineState.INFO_REQUESTED: "The payer wants more information about {}.",
    LineState.NOT_REQUIRED: "No authorization is needed for {}.",
    LineState.NEEDS_REVIEW: "The payer’s answer about {} needs a look.",
    LineState.VOID: "The payer voided {}.",
}
_CHANNELS: Final[Mapping[str, str]] = {
    Channel.PAS: " electronically (Da Vinci PAS)",
    Channel.X12: " electronically (X12)",
    Channel.PEOPLE: " by phone, fax or portal",
}
_MILESTONES: Final[Mapping[Milestone, str]] = {
    Milestone.CREATED: "received",
    Milestone.ACCEPTED: "accepted",
    Milestone.DECLINED: "declined",
    Milestone.SCHEDULED: "scheduled",
    Milestone.UNATTENDED: "the visit did not take place",
    Milestone.EVENT_CANCELLED: "the visit is cancelled",
    Milestone.EVENT_COMPLETED: "the first infusion was given",
    Milestone.CANCELLATION_REQUESTED: "cancellation asked for",
    Milestone.CANCELLED: "cancelled",
    Milestone.COMPLETED: "completed",
}


def _listed(parts: list[str]) -> str:
    """`drug, per diem and nursing`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def lines_answered(told: ToldAction) -> str | None:
    """One sentence for each state; what we set ourselves is said where it was decided."""
    if told.details.get("by") != "payer":
        return None
    by_state: dict[str, list[str]] = {}
    for number, state in (told.details.get("lines") or {}).items():
        by_state.setdefault(str(state), []).append(number)
    said = [_of_state(told, state, numbers) for state, numbers in by_state.items()]
    return " ".join(said) or None


def _of_state(told: ToldAction, state: str, numbers: list[str]) -> str:
    services = told.services(numbers)
    known = LineState(state) if state in set(LineState) else None
    text = _OF_STATE.get(known) if known else None
    if text is None:
        return f"The payer’s answer about {services}: {code_text(state).lower()}."
    return text.format(services, _period(told, known, numbers))


def _period(told: ToldAction, state: LineState | None, numbers: list[str]) -> str:
    """Until when, where the lines still stand as this answer left them."""
    lines = [told.lines[int(number)] for number in numbers if int(number) in told.lines]
    ends = {line.valid_to for line in lines if line.state is state and line.valid_to}
    return f" until {day_text(min(ends))}" if ends else ""


def moved_on(told: ToldAction) -> str | None:
    if told.details.get("stage") == Stage.CLOSED:
        return "The referral was closed."
    return f"It moved on: {told.code('stage', Stage)}."


def submitted(told: ToldAction) -> str:
    due = told.details.get("due")
    by = f" Its decision is due {told.moment(due)}." if due else ""
    how = _CHANNELS.get(told.details.get("channel") or "", "")
    return f"Authorization was asked for {told.services(told.details.get('lines'))}{how}.{by}"


def source_told(told: ToldAction) -> str:
    status = told.details.get("business_status")
    said = _MILESTONES[Milestone(status)] if status in set(Milestone) else "news"
    at = told.details.get("visit_at")
    return f"The referral source was told: {said}{f', {told.moment(at)}' if at else ''}."


def resolved(told: ToldAction) -> str:
    kind, outcome = told.details.get("kind"), told.details.get("outcome")
    said = answer_told(kind, outcome)
    return said or f"Work was done: {told.code('kind', WorkItemKind)} ({code_text(str(outcome)).lower()})."


def verified(told: ToldAction) -> str:
    return f"Benefits were verified: coverage is {told.code('status', CoverageStatus)}."


def blocked(told: ToldAction) -> str:
    gates = [words(Gate(gate)).lower() for gate in told.details.get("gates") or () if gate in set(Gate)]
    return f"The visit cannot take place yet. Not there: {', '.join(gates) or 'something'}."


def held(told: ToldAction) -> str:
    return f"The referral was put on hold{told.until()}: {told.code('reason', HoldReason)}."


def override_asked(told: ToldAction) -> str:
    return f"An override was asked for{told.until()}: {told.code('reason', OverrideReason)}."


def teaching_open(told: ToldAction) -> str:
    items = [words(ReportItem(each)).lower() for each in told.details.get("items") or () if each in set(ReportItem)]
    return f"Still to be shown by the patient: {', '.join(items) or 'what was taught'}."


def result_stale(told: ToldAction) -> str:
    changed = ", ".join(code_text(str(each)).lower() for each in told.details.get("changed") or ())
    then = "made again" if told.details.get("then") == "made_anew" else "looked at again"
    return f"Facts changed ({changed or 'something'}), so the {told.code('result')} is {then}."


def visit_held(told: ToldAction) -> str:
    at = told.details.get("visit_at")
    return f"The visit was put on the roster{f' for {told.moment(at)}' if at else ''}."
