"""`break-glass`: read a referral that one has no part in, for an hour, with a reason that is audited."""

from typing import Annotated, Any

from cyclopts import Parameter

from desk.cli import display
from desk.cli.data_file import read_text
from desk.cli.options import ActingAs, AsJson, Code, DataFile, ReferralId
from firstdose.domain.work.reading import BreakGlassReason


def break_glass(
    referral_id: ReferralId,
    /,
    *,
    reason: Annotated[BreakGlassReason, Code, Parameter(help="Why the referral must be read.")],
    file: Annotated[DataFile | None, Parameter(help="A note with more about it, or - for stdin; kept sealed.")] = None,
    acting_as: ActingAs = None,
    as_json: AsJson = False,
) -> None:
    """Read a referral that you have no part in, for 60 minutes. Who, when and why is audited."""
    from desk.cli.client import open_desk

    body: dict[str, Any] = {"reason": reason}
    if file is not None:
        body["note"] = read_text(file)
    with open_desk(acting_as) as desk:
        answer = desk.post("api", "referrals", desk.referral(referral_id), "break-glass", body=body)
    if as_json:
        display.as_json(answer)
    else:
        display.line(f"you may read {answer['referral_id']} until {display.clock(answer['until'])}; this is audited")
