"""Options that several commands share, and how their codes are spelled: as the product spells them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from firstdose.domain.referral.number import read_number
from firstdose.domain.work.role import Role

_ITEM_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-[a-z_]{1,40})?(-[0-9a-f]{8})?-[0-9]{1,6}")


_ID_PREFIX: Final = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")


def _spelled(name: str) -> str:
    return name.lower().replace("-", "_")


def _whole_id(_: type, tokens: Sequence[Token]) -> str:
    """Also as the Temporal Web UI shows it, `referral-<id>`."""
    try:
        return str(UUID(tokens[0].value.removeprefix("referral-")))
    except ValueError:
        raise ValueError("a referral's id is a UUID; `firstdose show` shows it") from None


def _referral(_: type, tokens: Sequence[Token]) -> str:
    """A number, or an id or its beginning. Nothing else may get into a URL."""
    given = tokens[0].value.strip().removeprefix("referral-")
    if number := read_number(given):
        return number
    if _ID_PREFIX.fullmatch(given.lower()):
        return given.lower()
    raise ValueError("a referral is named by its number (FD-…) or by its id; `firstdose list` shows the numbers")


def _item_id(_: type, tokens: Sequence[Token]) -> str:
    if not _ITEM_ID.fullmatch(tokens[0].value):
        raise ValueError("a work item's id is its referral's id, its kind and a number; `firstdose work` shows them")
    return tokens[0].value


Code = Parameter(name_transform=_spelled)
"""For an option whose values are codes: `not_covered`, which `not-covered` may stand for."""

ReferralId = Annotated[
    str, Parameter(converter=_referral, help="The referral: its number (FD-…), its id, or the id's beginning.")
]
"""For commands that ask a desk, which finds the referral (`DeskClient.referral`)."""

WholeReferralId = Annotated[str, Parameter(converter=_whole_id, help="The referral's whole id.")]
"""For commands that work on the database itself."""

ItemId = Annotated[str, Parameter(converter=_item_id, help="The work item's id.")]

Limit = Annotated[int, Parameter(validator=Number(gte=1, lte=10_000), help="At most so many.")]

AsJson = Annotated[bool, Parameter(name="--json", help="Print the answer as JSON.")]

ActingAs = Annotated[
    Role | None,
    Code,
    Parameter(name="--as", help="Act with the local stack's token of this role; supervisor if not given."),
]

DataFile = Annotated[Path, Parameter(allow_leading_hyphen=True, help="The file, or - for standard input.")]
