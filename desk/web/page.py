"""A page for one person: `StaffPage` as a route's parameter is signed in, and its posted form is a page's of ours.

docs/desk-pages.md shows how a page is made with it.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from desk.http.app_context import AppContext, Context
from desk.http.identity import admitted, permit_roles
from desk.http.problems import HttpProblem
from desk.web.addresses import address_of, safe_address, with_query
from desk.web.cookies import Cookie
from desk.web.csrf import from_elsewhere
from desk.web.flash import Flash, notice_text
from desk.web.forms import FormView, PostedForm, read_form
from desk.web.navigation import Destination, destinations
from desk.web.templating import templates
from firstdose.adapters.postgres.staff.web_sessions import KeptForm, WebSession
from firstdose.domain.work.permissions import WORKING
from firstdose.domain.work.role import Actor, Role
from firstdose.ports import Unavailable

_NOTICE_SECONDS: Final = 60
_READING: Final = ("GET", "HEAD")


class SignInNeeded(Exception):
    """There is no live session, or it was begun too long ago (`fresh`). `kept` names the form that was posted."""

    def __init__(self, leads_to: str, *, kept: str | None = None, fresh: bool = False) -> None:
        super().__init__()
        self.leads_to = leads_to
        self.kept = kept
        self.fresh = fresh


@dataclass(frozen=True, kw_only=True)
class DeskPage:
    """What a route needs to answer with a page. Without a session it is a page for anybody."""

    request: Request
    desk: AppContext
    session: WebSession | None = None
    who: Actor | None = None
    posted: PostedForm | None = None
    kept: KeptForm | None = None
    now: datetime

    @property
    def actor(self) -> Actor:
        """Who is signed in."""
        if self.who is not None:
            return self.who
        assert self.session is not None  # noqa: S101 - only a page with a session is asked
        return self.session.actor

    @property
    def zone(self) -> ZoneInfo:
        return self.desk.web.zone

    @property
    def address(self) -> str:
        """Of this page, for forms on it; for what was posted, of the page that it was posted from."""
        return safe_address(self.posted.page) if self.posted else address_of(self.request)

    @property
    def csrf(self) -> str:
        return self.desk.web.csrf.of(self.session.key) if self.session else ""

    @property
    def new_key(self) -> str:
        """For one showing of a form."""
        return secrets.token_urlsafe(16)

    @property
    def destinations(self) -> tuple[Destination, ...]:
        return destinations(self.session.actor.roles) if self.session else ()

    @property
    def notice(self) -> str | None:
        return notice_text(self.desk.web.cookies.read(self.request, Cookie.DONE))

    @property
    def form(self) -> PostedForm:
        """What was posted."""
        if self.posted is None:
            raise HttpProblem(400, "a form is needed")
        return self.posted

    def form_view(self, name: str, initial: Mapping[str, object] | None = None) -> FormView:
        """The form `name` as it is to be shown: as it was kept for this person, else with its initial values."""
        if self.kept is not None and self.kept.name == name:
            return FormView(name=name, values=self.kept.values, kept=self.request.query_params.get("kept", ""))
        return FormView(name=name, values={field: (str(value),) for field, value in (initial or {}).items()})

    def refused(self, problems: Mapping[str, str]) -> FormView:
        """The posted form with a problem beside each field that has one."""
        return FormView(name=self.form.name, values=self.form.values, problems=problems, kept=self.form.kept)

    def render(self, template: str, *, status: int = 200, **content: Any) -> Response:
        """The page from `templates/<template>`, in which `page` is this and `now` the time."""
        text = templates().get_template(template).render(page=self, now=self.now, **content)
        response = HTMLResponse(text, status, headers={"content-security-policy": self.desk.web.policy})
        if self.notice is not None:
            self.desk.web.cookies.drop(response, Cookie.DONE)
        return response

    async def done(self, leads_to: str, notice: Flash | None = None) -> Response:
        """After a form was taken: on to a page, which says so once. What was kept of the form is dropped."""
        if self.posted is not None and self.posted.kept:
            await self.desk.web.sessions.drop(self.posted.kept)
        return self.to(leads_to, notice)

    def to(self, leads_to: str, notice: Flash | None = None) -> Response:
        """On to another page."""
        response = RedirectResponse(leads_to, 303)
        if notice is not None:
            self.desk.web.cookies.put(response, Cookie.DONE, notice, seconds=_NOTICE_SECONDS)
        return response

    async def require_recent_sign_in(self) -> None:
        """For an act that needs a person who has just signed in. What was posted is kept. Raises SignInNeeded."""
        assert self.session is not None  # noqa: S101 - as above
        if self.now - self.session.authenticated_at <= self.desk.web.recent:
            return
        kept = await _keep(self.desk, self.session, self.posted) if self.posted else None
        raise SignInNeeded(self.address, kept=kept, fresh=True)


def visitor_page(request: Request, desk: AppContext) -> DeskPage:
    """A page for anybody, signed in or not."""
    session: WebSession | None = getattr(request.state, "web_session", None)
    return DeskPage(request=request, desk=desk, session=session, now=datetime.now(UTC))


async def recognized_page(request: Request, desk: AppContext) -> DeskPage:
    """A page for anybody, with the menu of whoever is signed in, if that can be found out."""
    with suppress(Unavailable):
        session = await desk.web.sessions.find(desk.web.cookies.read(request, Cookie.SESSION))
        request.state.web_session = session if session and session.live else None
    return visitor_page(request, desk)


async def open_page(request: Request, desk: AppContext) -> DeskPage:
    """The page of somebody who is signed in; a form that another site had the browser post is refused.

    Raises SignInNeeded, Problem 400, 403 and 503, and Unavailable.
    """
    session = await desk.web.sessions.find(desk.web.cookies.read(request, Cookie.SESSION))
    posted = None if request.method in _READING else await read_form(request)
    ours = session is not None and (posted is None or _is_ours(request, desk, session, posted))
    if session is None or not session.live:
        kept = await _keep(desk, session, posted) if session and posted and ours else None
        raise SignInNeeded(safe_address(posted.page) if posted else address_of(request), kept=kept)
    request.state.actor, request.state.web_session = session.actor.label, session
    if not ours:
        raise HttpProblem(403, "The form did not come from a page of yours. Nothing was changed. Open the page again.")
    actor = await admitted(request, desk, session.actor)
    kept_form = await _kept_for(request, desk, session)
    return DeskPage(
        request=request, desk=desk, session=session, who=actor, posted=posted, kept=kept_form, now=datetime.now(UTC)
    )


def page_for(*roles: Role) -> Callable[..., Awaitable[DeskPage]]:
    """A dependency: the page of somebody with one of these roles. Raises Problem 403, and as `open_page` does."""

    async def permitted(request: Request, desk: Context) -> DeskPage:
        page = await open_page(request, desk)
        permit_roles(page.actor, roles)
        return page

    return permitted


StaffPage = Annotated[DeskPage, Depends(page_for(*Role))]
WorkerPage = Annotated[DeskPage, Depends(page_for(*WORKING))]
SupervisorPage = Annotated[DeskPage, Depends(page_for(Role.SUPERVISOR))]
NursePage = Annotated[DeskPage, Depends(page_for(Role.NURSE))]
AuditPage = Annotated[DeskPage, Depends(page_for(Role.AUDITOR))]


def _is_ours(request: Request, desk: AppContext, session: WebSession, posted: PostedForm) -> bool:
    return not from_elsewhere(request) and desk.web.csrf.holds(session.key, posted.csrf)


async def _keep(desk: AppContext, session: WebSession, posted: PostedForm) -> str | None:
    if not posted.values:
        return None
    form = KeptForm(page=safe_address(posted.page), name=posted.name, values=dict(posted.values))
    return await desk.web.sessions.keep(session.actor.id, form)


async def _kept_for(request: Request, desk: AppContext, session: WebSession) -> KeptForm | None:
    """The form that the address names, if it is this person's and this page's."""
    name = request.query_params.get("kept")
    found = await desk.web.sessions.kept(session.actor.id, name) if name else None
    return found if found is not None and urlsplit(found.page).path == request.url.path else None


def sign_in_address(needed: SignInNeeded) -> str:
    """The page to sign in, which leads back."""
    query = [("next", needed.leads_to)]
    query += [("kept", needed.kept)] if needed.kept else []
    query += [("fresh", "1")] if needed.fresh else []
    return with_query("/sign-in", query)
