"""The address of a list of work: its view and filters, which a bookmark keeps. What somebody looks for is not in it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Annotated, Final, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from desk.http.problems import HttpProblem
from desk.web.addresses import with_query
from desk.web.page import DeskPage
from desk.web.words import words
from firstdose.adapters.postgres.staff.work_list import MOST_COUNTED
from firstdose.adapters.postgres.staff.work_views import WorkQuery, WorkView
from firstdose.domain.referral.order import TherapyKind
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.permissions import WORKING
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Stage

PATH: Final = "/work"
BY_REFERRAL: Final = frozenset({WorkView.EXPIRING, WorkView.WAITING})
"""Views of referrals, whether somebody has work with them or not."""
_OF_EVERYBODY: Final = BY_REFERRAL | {WorkView.ALL}

Payer = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80, pattern=r"^[^\x00-\x1f]*$")]
CursorInAddress = Annotated[str, StringConstraints(max_length=400, pattern=r"^[A-Za-z0-9_=-]*$")]


class ViewLink(NamedTuple):
    """A saved view. `number` is `1,000+` beyond a thousand, and None where nobody counts."""

    view: WorkView
    address: str
    number: str | None


class WorkAddress(BaseModel):
    """`role` narrows a view to one role, else it is about all of the reader's."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    view: WorkView = WorkView.START
    waiting_for: Role | WaitingFor = WaitingFor.PAYER
    role: Role | None = None
    payer: Payer | None = None
    stage: Stage | None = None
    therapy: TherapyKind | None = None
    cursor: CursorInAddress | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Raises Problem 400."""
        try:
            return cls.model_validate({name: text for name, text in given.items() if text})
        except ValidationError:
            raise HttpProblem(400, "The address is not one of the list of work.") from None

    @classmethod
    def of(cls, page: DeskPage) -> Self:
        """Of the page, or of the one that a form was posted from. Raises Problem 400, and 403 for another's view."""
        address = cls.read(dict(parse_qsl(urlsplit(page.address).query)))
        if not sees_patients(page.actor) and (address.view in _OF_EVERYBODY or address.role not in (None, Role.NURSE)):
            raise HttpProblem(403, "This view is not for your role.")
        return address

    def query(self, page: DeskPage) -> WorkQuery:
        """Today ends where the staff are."""
        tomorrow = page.now.astimezone(page.zone).date() + timedelta(days=1)
        return WorkQuery(
            view=self.view,
            reader=page.actor.id,
            roles=frozenset(page.actor.roles) & WORKING,
            day_ends=datetime.combine(tomorrow, time(), page.zone),
            **self.model_dump(include={"waiting_for", "role", "payer", "stage", "therapy"}),
        )

    def after(self, cursor: str) -> str:
        """The address of what comes next."""
        return self.model_copy(update={"cursor": cursor}).text

    def views(self, actor: Actor, counts: Mapping[WorkView, int]) -> Iterable[ViewLink]:
        """Each with the number of what it leads to: a link drops every filter but the role."""
        for view in WorkView:
            if sees_patients(actor) or view not in _OF_EVERYBODY:
                role = None if view in BY_REFERRAL else self.role
                yield ViewLink(view, WorkAddress(view=view, role=role).text, _counted(counts.get(view)))

    @property
    def text(self) -> str:
        given = self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        return with_query(PATH, [(name, str(value)) for name, value in given.items()])

    @property
    def by_referral(self) -> bool:
        return self.view in BY_REFERRAL

    @property
    def title(self) -> str:
        if self.view is WorkView.WAITING:
            return f"Waiting for {words(self.waiting_for).lower()}"
        return words(self.view) + (f", {words(self.role).lower()}" if self.role else "")


def sees_patients(actor: Actor) -> bool:
    """Whether the list may say whom the work is about: a nurse learns it of the visits that were accepted alone."""
    return not {Role.NURSE, Role.AUDITOR}.issuperset(actor.roles)


def _counted(number: int | None) -> str | None:
    if number is None:
        return None
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"
