"""The worklist: `work`, `claim`, `release`, `resolve`, `snooze`."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from desk.cli import display
from desk.cli.answer_schema import show_answer
from desk.cli.data_file import read_object
from desk.cli.failure import Misuse
from desk.cli.options import ActingAs, AsJson, Code, DataFile, ItemId, Limit, ReferralId
from desk.cli.questions import show_alike, show_questions
from desk.cli.remarks import show_remarks, show_wanted
from desk.cli.work_view import Find, View, ViewFilters, find_referrals, list_view
from firstdose.domain.work.role import Role

COLUMNS = ("ITEM", "KIND", "ROLE", "ASSIGNEE", "DUE", "LEVEL", "ASKS")


def work(
    *,
    role: Annotated[Role | None, Code, Parameter(help="Items of this role.")] = None,
    mine: Annotated[bool, Parameter(help="Items that I have claimed.")] = False,
    overdue: Annotated[bool, Parameter(help="Items past their due time.")] = False,
    referral: Annotated[ReferralId | None, Parameter(name="--referral", help="Items of this referral.")] = None,
    view: View = None,
    filters: Annotated[ViewFilters | None, Parameter(name="*")] = None,
    find: Find = None,
    limit: Limit = 50,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """List open work items, the most pressing first; with --view as the desk's page of work shows them."""
    from desk.cli.client import open_desk

    if find is not None:
        find_referrals(find, acting_as=acting_as, as_json=as_json)
        return
    if view is not None:
        if mine or overdue or referral:
            raise Misuse("--view has filters of its own: leave --mine, --overdue and --referral out")
        asked = {"view": view, "role": role, **vars(filters or ViewFilters())}
        list_view(asked, limit, acting_as=acting_as, as_json=as_json)
        return
    if filters is not None and any(vars(filters).values()):
        raise Misuse("--payer, --stage, --therapy, --waiting-for and --sort narrow a view: name one with --view")
    with open_desk(acting_as) as desk:
        items = desk.pages(
            "api",
            "work-items",
            most=limit,
            role=role,
            assignee=desk.subject if mine else None,
            overdue="true" if overdue else None,
            referral=desk.referral(referral) if referral else None,
        )
    if as_json:
        display.as_json(items)
    else:
        show_items(items, datetime.now(UTC), empty="no open work items")


def show_items(items: list[Any], now: datetime, *, empty: str) -> None:
    rows = (
        (
            item["id"],
            item["kind"],
            item["role"],
            display.text_of(item.get("assignee")),
            display.due(item.get("due_at"), now),
            display.text_of(item.get("level") or None),
            _asked(item),
        )
        for item in items
    )
    display.table(COLUMNS, rows, empty=empty)


def _asked(item: Mapping[str, Any]) -> str:
    """Without the ids of contacts, which name the answers that the item rests on: what those say is shown."""
    return display.text_of({name: value for name, value in (item.get("asks") or {}).items() if name != "contacts"})


def claim(item_id: ItemId, /, *, acting_as: ActingAs = None, as_json: AsJson = False) -> None:
    """Take a work item."""
    _act(item_id, "claim", {}, acting_as, as_json=as_json)


def release(item_id: ItemId, /, *, acting_as: ActingAs = None, as_json: AsJson = False) -> None:
    """Give a work item back to everybody of its role."""
    _act(item_id, "release", {}, acting_as, as_json=as_json)


def assign(
    item_id: ItemId,
    person: Annotated[str, Parameter(help="Whom: the id that `firstdose whoami` shows to them.")],
    /,
    *,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Give a work item to somebody."""
    _act(item_id, "assign", {"assignee": person}, acting_as, as_json=as_json)


def snooze(
    item_id: ItemId,
    /,
    *,
    until: Annotated[datetime, Parameter(help="When it is listed again, e.g. 2026-12-01T08:00; local time.")],
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Put a work item out of sight until then, at most until it is due. Its clock goes on."""
    _act(item_id, "snooze", {"until": until.astimezone().isoformat()}, acting_as, as_json=as_json)


def resolve(
    item_id: ItemId,
    /,
    *,
    file: Annotated[
        DataFile | None,
        Parameter(help="The answer as JSON, or - for standard input."),
    ] = None,
    schema: Annotated[bool, Parameter(help="Only show what is asked and what an answer looks like.")] = False,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Answer a work item."""
    if schema:
        _explain(item_id, acting_as, as_json=as_json)
    elif file is None:
        raise Misuse("give the answer with --file; --schema shows what it looks like")
    else:
        _act(item_id, "resolve", read_object(file), acting_as, as_json=as_json)


def _explain(item_id: str, acting_as: Role | None, *, as_json: bool) -> None:
    from desk.cli.client import open_desk

    with open_desk(acting_as) as desk:
        item = desk.get("api", "work-items", item_id)
    schema = item.get("resolution_schema") or {}
    if as_json:
        display.as_json(schema)
        return
    display.line(f"{item['kind']} asks: {_asked(item)}")
    shown = item.get("shown") or {}
    if offer := shown.get("offer"):
        display.fields({name.replace("_", " "): display.text_of(value) for name, value in offer.items()})
    show_questions(shown.get("questions") or ())
    show_alike(shown.get("alike") or ())
    show_wanted(shown.get("wanted") or ())
    show_remarks(shown.get("remarks") or ())
    show_answer(schema)


def _act(item_id: str, verb: str, body: dict[str, Any], acting_as: Role | None, *, as_json: bool) -> None:
    from desk.cli.client import open_desk

    with open_desk(acting_as) as desk:
        answer = desk.post("api", "work-items", item_id, verb, body=body, key=uuid.uuid4().hex)
    if as_json:
        display.as_json(answer)
    else:
        display.outcome(verb, answer)
