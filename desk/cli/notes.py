"""Notes about a referral: `note` writes one, `notes` shows them."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from desk.cli import display
from desk.cli.data_file import read_text
from desk.cli.failure import Misuse
from desk.cli.options import ActingAs, AsJson, DataFile, Limit, ReferralId

_COLUMNS = ("AT", "WHO", "ROLE", "NOTE")


def note(
    referral_id: ReferralId,
    /,
    *,
    file: Annotated[DataFile, Parameter(help="The note as plain text, or - for stdin; kept sealed.")],
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Write a note about a referral. It is kept sealed and never changed."""
    from desk.cli.client import open_desk

    text = read_text(file)
    if not text:
        raise Misuse(f"{file}: the note is empty")
    with open_desk(acting_as) as desk:
        path = ("api", "referrals", desk.referral(referral_id), "notes")
        answer = desk.post(*path, body={"text": text}, key=uuid.uuid4().hex)
    if as_json:
        display.as_json({name: value for name, value in answer.items() if name != "text"})
    else:
        display.line(f"the note is kept, {display.clock(answer['at'])}")


def notes(
    referral_id: ReferralId, /, *, limit: Limit = 50, acting_as: ActingAs = None, as_json: AsJson = False
) -> None:
    """Show the notes about a referral, the newest first. That they were read is audited."""
    from desk.cli.client import open_desk

    with open_desk(acting_as) as desk:
        rows = desk.pages("api", "referrals", desk.referral(referral_id), "notes", most=limit)
    if as_json:
        display.as_json(rows)
    else:
        _show(rows)


def _show(rows: Iterable[Mapping[str, Any]]) -> None:
    told = ((display.clock(row["at"]), row["author"], display.text_of(row.get("roles")), row["text"]) for row in rows)
    display.table(_COLUMNS, told, empty="no notes")
