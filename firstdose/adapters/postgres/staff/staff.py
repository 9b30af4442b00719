"""The staff as far as work is given to them: who has signed in with which roles, who is away, who is on which team."""

import time
from collections.abc import Iterable

from firstdose.adapters.postgres.pool import Connection, Pool, reachable
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItem, WorkItemKind

# A person who is seen again and again is written down this seldom, unless the roles change.
_WRITTEN_SECONDS = 300

_sql = load("staff")


class StaffDirectory:
    """Knows people by the subject of their token and nothing else of them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._written: dict[str, tuple[frozenset[Role], float]] = {}

    @reachable()
    async def seen(self, subject: str, roles: Iterable[Role]) -> None:
        """Note that somebody has signed in. Raises Unavailable."""
        held = frozenset(roles)
        before, again_at = self._written.get(subject, (frozenset(), 0.0))
        if held == before and time.monotonic() < again_at:
            return
        await _sql.seen(self._pool, subject=subject, roles=sorted(held))
        self._written[subject] = (held, time.monotonic() + _WRITTEN_SECONDS)

    @reachable()
    async def nurses_of(self, subject: str) -> tuple[str, ...]:
        """The roster's ids for which this person's login stands. Raises Unavailable."""
        return tuple(await _sql.nurses_of(self._pool, subject=subject))

    async def owner(self, connection: Connection, referral_id: str, item: WorkItem) -> str | None:
        """The assignee of a new item: the nurse for an offer and the report of a visit, else the team member.

        None if nobody is there; so it is for an offer to a nurse whose login the roster does not know.
        """
        if item.offered_to:
            login: str | None = await _sql.login_of(connection, nurse=item.offered_to)
            return login
        if item.kind is WorkItemKind.REPORT_VISIT:
            visiting: str | None = await _sql.visiting(connection, referral_id=referral_id)
            if visiting is not None:
                return visiting
        return await self.team_member(connection, referral_id, item.role)

    async def team_member(self, connection: Connection, referral_id: str, role: Role) -> str | None:
        """Who does this role's work for the referral; None if nobody is there.

        The same person stays; if they are away the one with the fewest open referrals takes over and stays.
        """
        member: str | None = await _sql.team_member(connection, referral_id=referral_id, role=role)
        return member

    @reachable()
    async def set_absent(self, subject: str, *, absent: bool) -> None:
        """Give nobody's new work to this person while they are away. Raises LookupError, Unavailable."""
        if await _sql.set_absent(self._pool, subject=subject, absent=absent) is None:
            raise LookupError("nobody with this subject has signed in")
