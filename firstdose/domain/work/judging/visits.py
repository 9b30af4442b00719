"""Whether a visit is possible as somebody places or accepts it, and as the nurse reports it."""

from datetime import datetime, timedelta

from firstdose.domain.care.visit import TAUGHT, ReportItem
from firstdose.domain.care.visit_window import visit_window
from firstdose.domain.referral.order import Site
from firstdose.domain.work.judging.context import (
    CLOCKS_APART,
    Judged,
    moment_text,
    must_have_happened,
    refuse,
    shown_moment,
)
from firstdose.domain.work.resolutions import ConfirmVisit, PlaceVisit, ReportVisit


def judge_placed(answer: PlaceVisit, judged: Judged) -> None:
    site = _site(judged)
    if answer.outcome == "suite" and site is Site.SUITE:
        refuse("outcome", "the visit is in the suite already; possible are placed and not_possible")
    if answer.outcome != "placed":
        return
    if answer.nurse is None and site is Site.HOME and judged.state.needs_nurse:
        refuse("nurse", "a visit at home needs a nurse of the roster; the outcome suite needs none")
    _judge_time(answer.visit_at, judged)


def judge_accepted(answer: ConfirmVisit, judged: Judged) -> None:
    if answer.outcome == "accepted":
        _judge_time(answer.visit_at, judged)


def judge_report(answer: ReportVisit, judged: Judged) -> None:
    """A missing kit is seen before the visit; everything else comes after its start."""
    begins = _begins(judged)
    if begins is not None and answer.outcome != "kit_missing" and judged.now < begins - CLOCKS_APART:
        refuse("outcome", f"the visit begins at {moment_text(begins)}; possible from then on")
    if answer.ended_at is not None:
        _judge_end(answer.ended_at, begins, judged)
    if answer.outcome == "completed" and (missing := frozenset(ReportItem) - answer.items):
        refuse("items", f"a completed visit reports every item; missing: {', '.join(sorted(missing))}")
    if not answer.shown_back <= TAUGHT:
        refuse("shown_back", f"possible are the taught items: {', '.join(sorted(TAUGHT))}")
    if not answer.shown_back <= answer.items:
        refuse("shown_back", "possible are items that are among the reported items")


def _judge_time(visit_at: datetime | None, judged: Judged) -> None:
    if visit_at is None:
        refuse("visit_at", "a visit needs its time")
    state = judged.state
    if visit_at <= judged.now:
        refuse("visit_at", f"possible after {moment_text(judged.now)}")
    if state.policy is None:
        return
    window = visit_window(judged.now, state.lines, state.therapy, state.policy)
    if not window.has(visit_at):
        refuse("visit_at", f"possible from {moment_text(window.first)} to before {moment_text(window.end)}")


def _judge_end(ended_at: datetime, begins: datetime | None, judged: Judged) -> None:
    must_have_happened("ended_at", ended_at, judged)
    if begins is not None and ended_at <= begins:
        refuse("ended_at", f"possible is a time after the visit's start at {moment_text(begins)}")


def _begins(judged: Judged) -> datetime | None:
    """The first moment at which the visit may have begun: nurses may come as early as the policy says."""
    visit, policy = judged.state.visit, judged.state.policy
    begins = visit.visit_at if visit else shown_moment(judged.item.asks.get("visit_at"))
    return begins and begins - (policy.dispatch.report_early if policy else timedelta())


def _site(judged: Judged) -> Site | None:
    """As the process stands; the desk knows what the item shows."""
    shown = judged.item.asks.get("site")
    return judged.state.site or (Site(shown) if shown else None)
