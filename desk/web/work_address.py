"""The address of a list of work: its view and filters, which a bookmark keeps. What somebody looks for is not in it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import StringConstraints, ValidationError

from desk.http.problems import HttpProblem
from desk.http.work_reading import WorkFilters, views_of
from desk.web.addresses import with_query
from desk.web.page import DeskPage
from desk.web.words import words
from firstdose.adapters.postgres.staff.work_list import MOST_COUNTED
from firstdose.adapters.postgres.staff.work_views import BY_REFERRAL, WorkSort, WorkView
from firstdose.domain.work.role import Actor

PATH: Final = "/work"

CursorInAddress = Annotated[str, StringConstraints(max_length=400, pattern=r"^[A-Za-z0-9_=-]*$")]


class ViewLink(NamedTuple):
    """A saved view. `number` is `1,000+` beyond a thousand, and None where nobody counts."""

    view: WorkView
    address: str
    number: str | None


class WorkAddress(WorkFilters):
    """The filters, and from where on the list is shown."""

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
        address.permit(page.actor)
        return address

    def after(self, cursor: str) -> str:
        """The address of what comes next."""
        return self.model_copy(update={"cursor": cursor}).text

    def views(self, actor: Actor, counts: Mapping[WorkView, int]) -> Iterable[ViewLink]:
        """Each with the number of what it leads to: a link drops every filter but the role, and keeps the order."""
        for view in views_of(actor):
            kept = {} if view in BY_REFERRAL else {"role": self.role, "sort": self.sort}
            yield ViewLink(view, WorkAddress(view=view, **kept).text, _counted(counts.get(view)))

    def sorts(self) -> Mapping[WorkSort, str]:
        """The address of each order of the list, from its beginning; none of a list of referrals."""
        orders = () if self.by_referral else tuple(WorkSort)
        return {sort: self.model_copy(update={"sort": sort, "cursor": None}).text for sort in orders}

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


def _counted(number: int | None) -> str | None:
    if number is None:
        return None
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"
