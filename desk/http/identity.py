"""Authentication and authorization by role: dependencies of the routes."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from desk.http.app_context import AppContext, Context
from desk.http.budgets import Budget, admit
from desk.http.issuer import Unidentified
from desk.http.problems import HttpProblem
from firstdose.domain.work.permissions import ROLES_FOR, WORKING, Act
from firstdose.domain.work.role import Actor, Role

Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Security(HTTPBearer(auto_error=False, description="a token of the configured OIDC issuer")),
]


async def identify(request: Request, desk: AppContext, credentials: HTTPAuthorizationCredentials | None) -> Actor:
    """The person behind a valid token, recorded as seen. Raises Problem 401 and 503, and Unavailable.

    What is refused after that is theirs in the log.
    """
    if credentials is None:
        raise _unauthorized("a bearer token is needed")
    try:
        actor = await desk.issuer.identify(credentials.credentials)
    except Unidentified:
        raise _unauthorized("the token is not valid") from None
    return await admitted(request, desk, actor)


async def admitted(request: Request, desk: AppContext, actor: Actor) -> Actor:
    """Who was identified, by a token or by a browser's session, within the budget of staff. Raises as `identify`."""
    request.state.actor = actor.label
    admit(Budget.STAFF)
    await desk.staff.seen(actor.id, actor.roles)
    if Role.NURSE in actor.roles:
        return actor.model_copy(update={"nurses": await desk.staff.nurses_of(actor.id)})
    return actor


def permit_roles(actor: Actor, roles: Iterable[Role]) -> Actor:
    """Raises Problem 403."""
    if not any(role in actor.roles for role in roles):
        raise HttpProblem(403, "your roles do not allow this")
    return actor


def staff(*roles: Role) -> Callable[..., Awaitable[Actor]]:
    """A dependency: somebody who may act in one of these roles. Raises Problem 401 and 403."""

    async def permitted(request: Request, desk: Context, credentials: Bearer) -> Actor:
        return permit_roles(await identify(request, desk, credentials), roles)

    return permitted


def _unauthorized(detail: str) -> HttpProblem:
    return HttpProblem(401, detail, headers={"www-authenticate": "Bearer"})


Reader = Annotated[Actor, Depends(staff(*Role))]
Worker = Annotated[Actor, Depends(staff(*WORKING))]
Supervisor = Annotated[Actor, Depends(staff(*ROLES_FOR[Act.OVERRIDE]))]


router = APIRouter(prefix="/api", tags=["identity"])


@router.get("/whoami")
async def whoami(actor: Reader) -> Actor:
    """The token's subject as an actor, with the known roles."""
    return actor
