"""Reading about referrals: `list`, `show`, `timeline`, `why`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from desk.cli import display
from desk.cli.authorization import running, show_lines, show_requests
from desk.cli.options import ActingAs, AsJson, Code, Limit, ReferralId
from desk.cli.questions import show_questions
from desk.cli.remarks import show_remarks
from desk.cli.stalls import show_stalls
from desk.cli.work import show_items
from firstdose.domain.referral.order import FIRST_MEDICATION
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Stage

_COLUMNS = ("NUMBER", "STAGE", "THERAPY", "PAYER", "URGENCY", "AUTHORIZATION", "WAITING FOR", "NEXT DUE")
_WAITS_BESIDES_ROLES = ("payer", "patient", "prescriber")


def _awaited(_: type, value: str | None) -> None:
    if value is not None and value not in (*Role, *_WAITS_BESIDES_ROLES):
        raise ValueError(f"choose from: {', '.join((*Role, *_WAITS_BESIDES_ROLES))}")


def list_referrals(
    *,
    stage: Annotated[Stage | None, Code, Parameter(help="Referrals in this stage.")] = None,
    payer: Annotated[str | None, Parameter(help="Referrals with this payer, by its id.")] = None,
    waiting_for: Annotated[
        str | None,
        Parameter(validator=_awaited, help="Waiting for this role, or for payer, patient, prescriber."),
    ] = None,
    overdue: Annotated[bool, Parameter(help="With something past its due time.")] = False,
    limit: Limit = 50,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """List referrals, the newest first."""
    from desk.cli.client import open_desk

    with open_desk(acting_as) as desk:
        referrals = desk.pages(
            "api",
            "referrals",
            most=limit,
            stage=stage,
            payer=payer,
            waiting_for=waiting_for,
            overdue="true" if overdue else None,
        )
    if as_json:
        display.as_json(referrals)
    else:
        now = datetime.now(UTC)
        display.table(_COLUMNS, (_row(referral, now) for referral in referrals), empty="no referrals")


def _row(referral: Mapping[str, Any], now: datetime) -> tuple[Any, ...]:
    outline = referral["outline"]
    return (
        referral["number"],
        _stage(referral),
        *(display.text_of(outline.get(name)) for name in ("therapy", "payer_id", "urgency")),
        display.text_of(referral.get("authorization")),
        display.text_of(referral.get("waiting_for")),
        display.due(referral.get("next_due"), now),
    )


def _stage(referral: Mapping[str, Any]) -> str:
    details = [referral["closing"]] if referral.get("closing") else []
    details += ["on hold"] if referral.get("on_hold") else []
    return f"{referral['stage']} ({', '.join(details)})" if details else str(referral["stage"])


def show(referral_id: ReferralId, /, *, acting_as: ActingAs = None, as_json: AsJson = False) -> None:
    """Show one referral."""
    answer = _ask(referral_id, acting_as=acting_as)
    if as_json:
        display.as_json(answer)
        return
    now, standing = datetime.now(UTC), answer["standing"]
    show_stalls(answer.get("stalls") or (), now)
    display.fields(
        {
            "referral": standing["number"],
            "id": standing["id"],
            "source": standing["source"],
            "stage": _stage(standing),
            "waiting for": display.text_of(standing.get("waiting_for")),
            "next due": display.due(standing.get("next_due"), now),
            "visit": display.clock(standing.get("visit_at")),
            "blocked by": display.text_of(standing.get("blocked_by")),
            "team": display.text_of(answer.get("team")),
            "received": display.clock(standing.get("created_at")),
        }
    )
    lines = answer.get("lines") or ()
    display.heading("Authorization")
    show_lines(lines, answer.get("requested"))
    show_requests(answer.get("requests") or (), lines, now)
    show_remarks(answer.get("remarks") or ())
    display.heading("Open work")
    show_items(answer.get("work_items") or [], now, empty="none")
    show_questions(answer.get("questions") or ())
    display.heading("Facts")
    display.fields(
        dict(_flat(_without_repeats(answer.get("facts") or {}))) or {"": "not shown: shredded, or not for your role"}
    )


def _without_repeats(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A single medication under the names of the order itself; several without the repetition of the first."""
    order = facts.get("order") or {}
    left_out = FIRST_MEDICATION if len(order.get("medications") or ()) > 1 else ("medications",)
    return {**facts, "order": {name: value for name, value in order.items() if name not in left_out}}


def _flat(facts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Facts by their path, `patient.given_name`, without what is unknown and without the documents' contents."""
    for name, value in facts.items():
        if value in (None, "", [], {}) or name == "data" or (name == "questions" and not path):
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        elif isinstance(value, list) and isinstance(value[0], dict):
            for number, each in enumerate(value):
                yield from _flat(each, f"{path}{name}[{number}].")
        else:
            yield f"{path}{name}", display.text_of(value)


def timeline(referral_id: ReferralId, /, *, acting_as: ActingAs = None, as_json: AsJson = False) -> None:
    """Show everything that happened in a referral, the oldest first."""
    entries = _ask(referral_id, "timeline", acting_as=acting_as)
    if as_json:
        display.as_json(entries)
        return
    rows = (
        (
            display.clock(entry["at"]),
            entry["what"],
            display.text_of(entry.get("actor")),
            "\n".join(filter(None, (display.text_of(_brief(entry.get("details"))), entry.get("note")))),
        )
        for entry in entries
    )
    display.table(("AT", "WHAT", "WHO", "DETAILS"), rows, empty="nothing happened yet")


def _brief(details: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of a clock, which is kept whole, only its rule and when it is due by that."""
    shown = dict(details or {})
    if isinstance(clock := shown.get("clock"), Mapping):
        shown["clock"] = {"rule": clock.get("rule"), "due": display.clock(clock.get("due_at"))}
    return shown


def why(referral_id: ReferralId, /, *, acting_as: ActingAs = None, as_json: AsJson = False) -> None:
    """Show what blocks a referral, who owns that, and when it escalates."""
    answer = _ask(referral_id, "why", acting_as=acting_as)
    if as_json:
        display.as_json(answer)
        return
    now = datetime.now(UTC)
    show_stalls(answer.get("stalls") or (), now, temporal=answer.get("temporal", "ok"))
    shown: dict[str, Any] = {
        "stage": _stage(answer),
        "waits for": display.text_of(answer.get("waiting_for")),
        "next due": display.due(answer.get("next_due"), now),
        "closed gates": display.text_of(answer.get("closed_gates")),
    }
    shown |= {
        f"missing for {blocks}": display.text_of(paths) for blocks, paths in (answer.get("missing") or {}).items()
    }
    display.fields(shown)
    for payer in answer.get("payers") or filter(None, [answer.get("payer")]):
        since = f"{payer['payer']} has the request since {display.clock(payer['since'])}"
        display.fields({"payer": since, "its answer": running(payer.get("clock"), now)})
    display.heading("Who has to act")
    rows = (
        (
            item["item"],
            item["kind"],
            item.get("assignee") or f"any {item['role']}",
            display.due(item.get("due_at"), now),
            display.due(item["escalates_at"], now) if item.get("escalates_at") else "never again",
        )
        for item in answer.get("work_items") or ()
    )
    display.table(("ITEM", "KIND", "OWNER", "DUE", "ESCALATES"), rows, empty="nobody")


def _ask(referral_id: str, *about: str, acting_as: Role | None) -> Any:
    from desk.cli.client import open_desk

    with open_desk(acting_as) as desk:
        return desk.get("api", "referrals", desk.referral(referral_id), *about)
