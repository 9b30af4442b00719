"""Signing in and out: at the OIDC issuer, or by a button for each role in `dev` and `demo`."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from desk.http.app_context import AppContext, Context
from desk.http.problems import HttpProblem
from desk.web.addresses import safe_address, with_kept
from desk.web.cookies import Cookie
from desk.web.csrf import from_elsewhere
from desk.web.flash import Flash
from desk.web.forms import read_form
from desk.web.local_identities import LINK_PATH, on_loopback, token_by_link
from desk.web.oidc import SignInAttempt
from desk.web.page import StaffPage, visitor_page
from desk.web.route import page_router
from desk.web.sealed_attempt import open_attempt, seal_attempt
from firstdose.adapters.postgres.staff.web_sessions import SignedIn, WebSession

router = page_router()

_ATTEMPT_SECONDS: Final = 600
_VISITOR_SECONDS: Final = 3600
_TOO_LATE: Final = "The sign-in was not begun in this browser, or took more than ten minutes. Nobody is signed in."

NextAddress = Annotated[str | None, Query(alias="next", max_length=2000)]
LinkPart = Annotated[str, Query(max_length=100)]
KeptName = Annotated[str | None, Query(max_length=100)]


@router.get("/sign-in")
async def sign_in(
    request: Request,
    desk: Context,
    *,
    leads_to: NextAddress = None,
    kept: KeptName = None,
    fresh: bool = False,
) -> Response:
    """Where somebody signs in. `fresh`: also who is signed in already, for an act that needs it."""
    leads_to, page = safe_address(leads_to), visitor_page(request, desk)
    if not fresh and await _present(request, desk):
        return page.to(with_kept(leads_to, kept))
    visitor = desk.web.cookies.read(request, Cookie.VISITOR) or secrets.token_urlsafe(32)
    users = list(desk.web.local) if on_loopback(request) else []
    response = page.render(
        "sign_in.html",
        leads_to=leads_to,
        kept=kept,
        fresh=fresh,
        users=users,
        token=desk.web.csrf.of(visitor.encode()),
        by_issuer=desk.web.oidc.is_configured,
    )
    desk.web.cookies.put(response, Cookie.VISITOR, visitor, seconds=_VISITOR_SECONDS)
    return response


@router.get("/sign-in/start")
async def start(
    request: Request,
    desk: Context,
    *,
    leads_to: NextAddress = None,
    kept: KeptName = None,
    fresh: bool = False,
) -> Response:
    """To the issuer. What has to fit when they come back is sealed into a cookie."""
    if not desk.web.oidc.is_configured:
        raise HttpProblem(404)
    before = await _present(request, desk)
    attempt = SignInAttempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        begun_at=datetime.now(UTC),
        leads_to=safe_address(leads_to),
        kept=kept,
        fresh=fresh,
        subject=before.actor.id if before and fresh else None,
    )
    response = RedirectResponse(await desk.web.oidc.address(attempt), 303)
    sealed = seal_attempt(desk.web.attempts, attempt)
    desk.web.cookies.put(response, Cookie.SIGN_IN, sealed, seconds=_ATTEMPT_SECONDS)
    return response


@router.get("/sign-in/callback")
async def callback(request: Request, desk: Context) -> Response:
    """Back from the issuer."""
    attempt = open_attempt(desk.web.attempts, desk.web.cookies.read(request, Cookie.SIGN_IN), within_s=_ATTEMPT_SECONDS)
    if attempt is None:
        raise HttpProblem(401, _TOO_LATE)
    answer = dict(request.query_params)
    if "error" in answer:
        raise HttpProblem(401, "The sign-in service did not sign you in.")
    who = await desk.web.oidc.finish(attempt, answer)
    response = await _begin(request, desk, who, leads_to=attempt.leads_to, kept=attempt.kept)
    desk.web.cookies.drop(response, Cookie.SIGN_IN)
    return response


@router.post("/sign-in/local")
async def sign_in_locally(request: Request, desk: Context) -> Response:
    """As one of the local stack's users, by a button."""
    posted = await read_form(request)
    visitor = desk.web.cookies.read(request, Cookie.VISITOR)
    token = desk.web.local.get(posted.one("user"))
    if token is None or not on_loopback(request):
        raise HttpProblem(404)
    if visitor is None or from_elsewhere(request) or not desk.web.csrf.holds(visitor.encode(), posted.csrf):
        raise HttpProblem(
            403, "The form did not come from the sign-in page. Nobody is signed in. Open that page again."
        )
    actor = await desk.issuer.identify(token)
    who = SignedIn(actor=actor, authenticated_at=datetime.now(UTC))
    return await _begin(request, desk, who, leads_to=safe_address(posted.one("next")), kept=posted.one("kept") or None)


@router.get(LINK_PATH)
async def sign_in_by_link(request: Request, desk: Context, *, user: LinkPart, key: LinkPart) -> Response:
    """As one of the local stack's users, by a link that the stack printed. Nobody else can make one."""
    token = token_by_link(desk.web.local, user, key)
    if token is None or not on_loopback(request):
        raise HttpProblem(404)
    who = SignedIn(actor=await desk.issuer.identify(token), authenticated_at=datetime.now(UTC))
    return await _begin(request, desk, who, leads_to="/", kept=None)


@router.post("/sign-out")
async def sign_out(page: StaffPage) -> Response:
    """End the session here, then at the issuer where it has a place for that."""
    assert page.session is not None  # noqa: S101 - a StaffPage has one
    id_token = await page.desk.web.sessions.end(page.session)
    await page.desk.note(page.actor, "signed_out")
    there = await page.desk.web.oidc.sign_out_address(id_token) if page.desk.web.oidc.is_configured else None
    response = page.to(there or "/signed-out")
    page.desk.web.cookies.drop(response, Cookie.SESSION)
    return response


@router.get("/signed-out")
async def signed_out(request: Request, desk: Context) -> Response:
    return visitor_page(request, desk).render("signed_out.html")


async def _present(request: Request, desk: AppContext) -> WebSession | None:
    session = await desk.web.sessions.find(desk.web.cookies.read(request, Cookie.SESSION))
    return session if session is not None and session.live else None


async def _begin(request: Request, desk: AppContext, who: SignedIn, *, leads_to: str, kept: str | None) -> Response:
    """A new session with a new secret, whatever the browser had before. Raises Problem 403 for who has no role."""
    if not who.actor.roles:
        raise HttpProblem(403, "You have signed in, but you have no role at this desk. Ask whoever manages the roles.")
    if (before := await _present(request, desk)) is not None:
        await desk.web.sessions.end(before)
    secret = await desk.web.sessions.begin(who)
    await desk.staff.seen(who.actor.id, who.actor.roles)
    await desk.note(who.actor, "signed_in")
    form = await desk.web.sessions.kept(who.actor.id, kept) if kept else None
    page = visitor_page(request, desk)
    response = page.to(with_kept(leads_to, kept if form else None), Flash.FORM_KEPT if form else None)
    desk.web.cookies.put(response, Cookie.SESSION, secret)
    return response
