"""Sessions of staff who signed in with a browser, and the forms that are kept while somebody signs in again.

The browser holds a random secret; the store holds a keyed index of it, so that reading the table lets nobody in.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.keyring.sealing import Sealer, Unsealable
from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.role import Actor, Role

_SECRET_BYTES: Final = 32
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_KNOWN_FOR: Final = timedelta(days=1)
"""How long after its end a session is known, so that a form typed in it can be kept."""
_KEPT_FOR: Final = timedelta(hours=1)
_TOUCHED_AFTER: Final = timedelta(seconds=30)

_sql = load("web_sessions")


class SignedIn(BaseModel):
    """Who the issuer says has signed in, and when; `id_token` is for signing out there."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    actor: Actor
    authenticated_at: datetime
    id_token: str | None = Field(None, repr=False)


class WebSession(BaseModel):
    """`key` names the row; it is no secret, and opens nothing. `live` is false once the session has ended."""

    model_config = ConfigDict(frozen=True)

    key: bytes
    actor: Actor
    authenticated_at: datetime
    ends_at: datetime
    live: bool


class KeptForm(BaseModel):
    """A form as it was posted: the page that it stood on, its name, and what was typed."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    page: str
    name: str
    values: dict[str, tuple[str, ...]] = Field(repr=False)


class WebSessions:
    """Everything raises Unavailable. `idle` and `longest` are the limits of a session."""

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        *,
        idle: timedelta,
        longest: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._sealer = Sealer(keyring.derive("web-sessions"))
        self._idle = idle
        self._longest = longest
        self._now = now

    @reachable()
    async def begin(self, who: SignedIn) -> str:
        """The secret of a new session, for the browser alone."""
        secret, now = secrets.token_urlsafe(_SECRET_BYTES), self._now()
        key = self._index(secret)
        token = None if who.id_token is None else self._sealer.seal(who.id_token.encode(), *_token_place(key))
        await _sql.forget(self._pool, before=now - _KNOWN_FOR, now=now)
        await _sql.begin(
            self._pool,
            secret_index=key,
            subject=who.actor.id,
            roles=list(who.actor.roles),
            authenticated_at=who.authenticated_at,
            begun_at=now,
            ends_at=now + self._longest,
            sealed_id_token=token,
        )
        return secret

    @reachable()
    async def find(self, secret: str | None) -> WebSession | None:
        """The session of this secret, noted as seen if it is live; None for one that is not ours, or is forgotten."""
        if secret is None or not _SECRET.fullmatch(secret):
            return None
        row = await _sql.find(self._pool, secret_index=self._index(secret))
        if row is None:
            return None
        now = self._now()
        live = row["ended_at"] is None and now < row["ends_at"] and now < row["seen_at"] + self._idle
        if live and now - row["seen_at"] > _TOUCHED_AFTER:
            await _sql.touch(self._pool, secret_index=row["secret_index"], seen_at=now)
        return _session(row, live=live)

    @reachable()
    async def end(self, session: WebSession) -> str | None:
        """End it for good; the issuer's token for signing out there, if there is one."""
        row = await _sql.end(self._pool, secret_index=session.key, ended_at=self._now())
        if row is None or row["sealed_id_token"] is None:
            return None
        return self._sealer.open(row["sealed_id_token"], *_token_place(session.key)).decode()

    @reachable()
    async def keep(self, subject: str, form: KeptForm) -> str:
        """Keep the form for this person for an hour; what names it."""
        name = secrets.token_urlsafe(_SECRET_BYTES)
        key = self._index(name)
        sealed = self._sealer.seal(orjson.dumps(form.model_dump()), *_form_place(key))
        until = self._now() + _KEPT_FOR
        await _sql.keep(self._pool, secret_index=key, subject=subject, kept_until=until, sealed=sealed)
        return name

    @reachable()
    async def kept(self, subject: str, name: str) -> KeptForm | None:
        """What was kept by this name for this person."""
        if not _SECRET.fullmatch(name):
            return None
        key = self._index(name)
        row = await _sql.kept(self._pool, secret_index=key, subject=subject, now=self._now())
        if row is None:
            return None
        try:
            return KeptForm.model_validate(orjson.loads(self._sealer.open(row["sealed"], *_form_place(key))))
        except Unsealable:
            return None

    @reachable()
    async def drop(self, name: str) -> None:
        """The form was posted: it is not kept any longer."""
        if _SECRET.fullmatch(name):
            await _sql.drop(self._pool, secret_index=self._index(name))

    def _index(self, secret: str) -> bytes:
        return self._keyring.blind_index("web-session", secret)


def _session(row: Mapping[str, Any], *, live: bool) -> WebSession:
    known = tuple(role for role in Role if role in row["roles"])
    return WebSession(
        key=row["secret_index"],
        actor=Actor(id=row["subject"], roles=known),
        authenticated_at=row["authenticated_at"],
        ends_at=row["ends_at"],
        live=live,
    )


def _token_place(key: bytes) -> tuple[str, str, str]:
    return "web_sessions", key.hex(), "sealed_id_token"


def _form_place(key: bytes) -> tuple[str, str, str]:
    return "kept_forms", key.hex(), "sealed"
