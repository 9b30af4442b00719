"""What a resolution is judged against besides its own shape."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple, NoReturn

from firstdose.domain.authorization.lines import Line
from firstdose.domain.care.therapy import PreparedTherapy
from firstdose.domain.care.visit import Visit
from firstdose.domain.policy import Policy
from firstdose.domain.referral.order import Site
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.work_item import WorkItem

CLOCKS_APART: Final = timedelta(minutes=1)
"""How far the clocks of two machines may differ: so much later than now is not yet the future."""


class ResolutionContext(NamedTuple):
    """The state of the process. What is None or empty is not known: the desk knows only the item itself."""

    begun_at: datetime | None = None
    """Since when the referral exists."""
    site: Site | None = None
    needs_nurse: bool = False
    """Whether a visit at home needs a nurse of the roster."""
    lines: tuple[Line, ...] = ()
    therapy: PreparedTherapy | None = None
    visit: Visit | None = None
    policy: Policy | None = None


class Judged(NamedTuple):
    """The item that is answered, the state, and the time."""

    item: WorkItem
    state: ResolutionContext
    now: datetime


def refuse(field: str, why: str) -> NoReturn:
    """Raises Refused: `why` says what would be possible, and repeats no value of the answer."""
    raise Refused(f"{field}: {why}")


def must_have_happened(field: str, at: datetime, judged: Judged) -> None:
    """Refuse a moment in the future, or from before the referral (or what the item says that it is about) existed."""
    asked = shown_moment(judged.item.asks.get("requested_at"))
    since = max(filter(None, (judged.state.begun_at, asked)), default=None)
    if at > judged.now + CLOCKS_APART or (since is not None and at < since - CLOCKS_APART):
        refuse(field, f"possible from {moment_text(since)} to now" if since else "possible is a time up to now")


def shown_moment(value: object) -> datetime | None:
    """A moment as an item shows it, which is a text where the item was stored."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else None


def moment_text(at: datetime) -> str:
    """As a refusal names a moment."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at.utcoffset() == timedelta() else at.isoformat(timespec="minutes")
