"""What a person may do or read, judged at the door by the domain's table; a refusal says what would be possible."""

from collections.abc import Iterator
from contextlib import contextmanager

from desk.http.app_context import AppContext
from desk.http.problems import HttpProblem
from firstdose.domain.work.permissions import Act, may
from firstdose.domain.work.reading import GRANT_LASTS, BreakGlassReason
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor

_MINUTES = round(GRANT_LASTS.total_seconds() / 60)


@contextmanager
def forbidding() -> Iterator[None]:
    """What the domain refuses in the block is a problem 403, with its reason."""
    try:
        yield
    except Refused as refused:
        raise HttpProblem(403, str(refused)) from None


def may_see_facts(actor: Actor) -> bool:
    """Whether there are facts that they may ever read; an auditor reads none."""
    return may(actor, Act.BREAK_GLASS)


async def permit_reading(desk: AppContext, actor: Actor, referral_id: str) -> None:
    """Raises Problem 403: for who has no part in the referral it names the way to read it all the same."""
    if not may_see_facts(actor):
        raise HttpProblem(403, "your roles do not allow this")
    if await desk.access.may_read(actor, referral_id):
        return
    way = f"/api/referrals/{referral_id}/break-glass"
    raise HttpProblem(
        403,
        f"you have no part in this referral; POST {way} with a reason lets you read it for {_MINUTES} minutes,"
        " which is audited",
        break_glass={"method": "POST", "path": way, "reasons": list(BreakGlassReason), "minutes": _MINUTES},
    )
