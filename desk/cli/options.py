"""Options that several commands share, and how their codes are spelled: as the product spells them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from firstdose.domain.work.role import Role

_ITEM_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-[a-z_]{1,40})?(-[0-9a-f]{8})?-[0-9]{1,6}")


def _spelled(name: str) -> str:
    return name.lower().replace("-", "_")


def _referral_id(_: type, tokens: Sequence[Token]) -> str:
    """Also as the Temporal Web UI shows it, `referral-<id>`. Nothing but an id may get into a URL."""
    try:
        return str(UUID(tokens[0].value.removeprefix("referral-")))
    except ValueError:
        raise ValueError("a referral's id is a UUID; `firstdose list` shows them") from None


def _item_id(_: type, tokens: Sequence[Token]) -> str:
    if not _ITEM_ID.fullmatch(tokens[0].value):
        raise ValueError("a work item's id is its referral's id, its kind and a number; `firstdose work` shows them")
    return tokens[0].value


Code = Parameter(name_transform=_spelled)
"""For an option whose values are codes: `not_covered`, which `not-covered` may stand for."""

ReferralId = Annotated[str, Parameter(converter=_referral_id, help="The referral's id.")]

ItemId = Annotated[str, Parameter(converter=_item_id, help="The work item's id.")]

Limit = Annotated[int, Parameter(validator=Number(gte=1, lte=10_000), help="At most so many.")]

AsJson = Annotated[bool, Parameter(name="--json", help="Print the answer as JSON.")]

ActingAs = Annotated[
    Role | None,
    Code,
    Parameter(name="--as", help="Act with the local stack's token of this role; supervisor if not given."),
]

DataFile = Annotated[Path, Parameter(allow_leading_hyphen=True, help="The file, or - for standard input.")]
