"""The documents of a referral: `documents`, which lists them or takes one out."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from desk.cli import display
from desk.cli.failure import Failure, Misuse
from desk.cli.options import ActingAs, AsJson, ReferralId

_COLUMNS = ("NO.", "KIND", "TITLE", "TYPE", "BYTES", "KEPT")


def documents(
    referral_id: ReferralId,
    /,
    *,
    open_: Annotated[
        int | None, Parameter(name="--open", validator=Number(gte=1), help="Take out the document of this number.")
    ] = None,
    out: Annotated[
        Path | None, Parameter(allow_leading_hyphen=True, help="A new file for it, or - for standard output.")
    ] = None,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """List a referral's documents, or take one out. Both are audited."""
    from desk.cli.client import open_desk

    if (open_ is None) != (out is None):
        raise Misuse("--open names the document and --out the file: give both, or neither for the list")
    with open_desk(acting_as) as desk:
        of = ("api", "referrals", desk.referral(referral_id), "documents")
        if open_ is None or out is None:
            _list(desk.get(*of), as_json=as_json)
            return
        content = desk.content(*of, str(open_))
    _write(out, content)
    if as_json and str(out) != "-":
        display.as_json({"document": open_, "file": str(out), "bytes": len(content)})
    elif str(out) != "-":
        display.line(f"{len(content)} bytes in {out}")


def _list(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        display.as_json(rows)
        return
    told = (
        (
            str(row["number"]),
            row["kind"],
            *(display.text_of(row.get(name)) for name in ("title", "content_type", "size")),
            row.get("url") or row["held"],
        )
        for row in rows
    )
    display.table(_COLUMNS, told, empty="no documents")


def _write(out: Path, content: bytes) -> None:
    """Only the user may read the file; one that is there already stays as it is. Raises Failure."""
    if str(out) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise Failure(f"{out} cannot be written: {os.strerror(error.errno or 0)}") from None
