"""What a case waits for: each wait with who owns it, until when, when it escalates, and the act that ends it now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from desk.web.case.actions import item_address, owner_of
from desk.web.case.reading import OpenCase
from desk.web.case.timers import timers
from desk.web.words import code_text, words
from firstdose.adapters.postgres.referrals.views import Blocker, PayerDue, Why
from firstdose.domain.clock.state import Phase
from firstdose.domain.work.role import Actor
from firstdose.domain.work.stall import Stall, StallKind
from firstdose.domain.work.work_item import WorkItemKind

ACTS: Final = "#acts"
"""Where the acts on the case stand on its page."""
_OUT: Final = "outbox.not_delivered"
_GIVEN_UP: Final = "It was given up: firstdose undelivered retry sends it again."
_TRIED_AGAIN: Final = "It is sent again by itself until it is given up."


class EndingAct(NamedTuple):
    words: str
    leads_to: str


@dataclass(frozen=True, kw_only=True)
class Wait:
    """`since` and `until` are None where nobody knows; `note` says more in words. `bad` is what needs a look now."""

    what: str
    note: str = ""
    owner: str
    since: datetime | None = None
    until: datetime | None = None
    until_is: str = "Until"
    escalates_at: datetime | None = None
    last_exchange: datetime | None = None
    act: EndingAct | None = None
    bad: bool = False


def waits_of(case: OpenCase) -> tuple[Wait, ...]:
    """The gravest first: what stands still, a hold, what was not delivered, the clock, the payer, people."""
    return (
        *map(_stalled, case.view.stalls),
        *_on_hold(case),
        *_undelivered(case),
        *_by_the_clock(case),
        *(_payer(payer, case) for payer in case.why.payers),
        *people(case.why, case.actor),
    )


def people(why: Why, actor: Actor) -> tuple[Wait, ...]:
    """What everybody may know."""
    return tuple(_person(blocker, actor) for blocker in why.work_items)


def _stalled(stall: Stall) -> Wait:
    what = "A step that fails" if stall.kind is StallKind.ACTIVITY_FAILING else "Something that stands still"
    named = f" ({code_text(stall.what).lower()})" if stall.what else ""
    tried = f" Tried {stall.attempts} times." if stall.attempts else ""
    why = f" Problem: {code_text(stall.problem).lower()}." if stall.problem else ""
    note = f"{stall.meaning}{tried}{why} {stall.action.replace('`', '')}"
    return Wait(
        what=f"{what}{named}",
        note=note,
        owner="whoever runs the desk",
        since=stall.since,
        until=stall.next_attempt_at,
        bad=True,
    )


def _on_hold(case: OpenCase) -> Iterator[Wait]:
    if not case.row.on_hold:
        return
    hold = case.state.control.hold
    note = f"Reason: {words(hold.reason).lower()}." if hold else ""
    until = hold.until if hold else None
    if until is None:
        note = f"{note} Until somebody ends it.".strip()
    act = EndingAct("End the hold", ACTS) if case.may_see_facts else None
    yield Wait(what="A hold", note=note, owner="whoever placed it, or any colleague", until=until, act=act)


def _undelivered(case: OpenCase) -> Iterator[Wait]:
    for entry in case.timeline:
        if entry.what == _OUT:
            told = entry.details
            problem = code_text(str(told.get("problem") or "no answer")).lower()
            again = _GIVEN_UP if told.get("state") == "failed" else _TRIED_AGAIN
            yield Wait(
                what=f"A message to {code_text(str(told.get('recipient'))).lower()} that was not delivered",
                note=f"Problem: {problem}. {again}",
                owner="whoever runs the desk",
                since=entry.at,
                bad=True,
            )


def _by_the_clock(case: OpenCase) -> Iterator[Wait]:
    for timer in timers(case.state, case.now):
        yield Wait(what=timer.what, note=f"{timer.then}.", owner="the system", until=timer.until)


def _payer(payer: PayerDue, case: OpenCase) -> Wait:
    clock = payer.clock
    paused = clock.phase is Phase.PAUSED
    runs = "No rule sets a time." if clock.rule is None else f"Rule: {clock.rule} ({clock.citation})."
    stands = " Its clock stands still while it waits for us." if paused else ""
    return Wait(
        what=f"The payer {payer.payer}, to decide",
        note=f"{runs}{stands}{_asked_by_people(case, payer.contact)}",
        owner=payer.payer,
        since=payer.since,
        until=None if paused else clock.due_at,
        until_is="Due",
        last_exchange=_last_exchange(case, payer.contact),
        act=_follow_up(case, payer.contact),
        bad=clock.phase is Phase.BREACHED,
    )


def _asked_by_people(case: OpenCase, contact: str) -> str:
    request = case.state.authorization.requests.get(contact)
    electronic = request is not None and request.channel.electronic
    every = case.state.case.policy.payer.inquire_every
    return f" It is asked by the system every {every.total_seconds() / 3600:g} h." if electronic else ""


def _last_exchange(case: OpenCase, contact: str) -> datetime | None:
    """When we last reached out, or heard of it, by this request."""
    exchanged = (entry.at for entry in case.timeline if entry.details.get("contact") == contact)
    return max(exchanged, default=None)


def _follow_up(case: OpenCase, contact: str) -> EndingAct | None:
    for item in case.view.work_items:
        if item.kind is WorkItemKind.FOLLOW_UP_PAYER and contact in (item.asks.get("contacts") or (contact,)):
            return EndingAct("Ask the payer, and say what it answered", item_address(item.id, item.kind, case.actor))
    return None


def _person(blocker: Blocker, actor: Actor) -> Wait:
    return Wait(
        what=f"{words(blocker.role)}: {words(blocker.kind).lower()}",
        note="Escalated." if blocker.level else "",
        owner=owner_of(blocker.assignee, blocker.role),
        until=blocker.due_at,
        until_is="Due",
        escalates_at=blocker.escalates_at,
        act=EndingAct("Open it", item_address(blocker.item, blocker.kind, actor)),
        bad=blocker.overdue_by is not None,
    )
