"""What the pages have of the process: sessions, the issuer, cookies, tokens of forms, the staff's time zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from desk.http.issuer import Issuer
from desk.web.cookies import Cookies
from desk.web.csrf import CsrfTokens
from desk.web.local_identities import read_identities
from desk.web.oidc import OidcClient
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.keyring.sealing import Sealer
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.web_sessions import WebSessions
from firstdose.settings import Settings


@dataclass(frozen=True, kw_only=True)
class WebContext:
    """`local` are tokens by user's name, in `dev` and `demo` alone."""

    sessions: WebSessions
    oidc: OidcClient
    cookies: Cookies
    csrf: CsrfTokens
    attempts: Sealer
    zone: ZoneInfo
    recent: timedelta
    local: Mapping[str, str] = field(repr=False)

    @property
    def policy(self) -> str:
        """The Content-Security-Policy of a page."""
        # The issuer, because a browser checks where the answer to a form leads: signing out leads there.
        places = f"'self' {self.oidc.origin}" if self.oidc.is_configured else "'self'"
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"base-uri 'none'; form-action {places}; frame-ancestors 'none'"
        )


def web_context(settings: Settings, keyring: Keyring, pool: Pool, issuer: Issuer) -> WebContext:
    """Raises SettingsError."""
    return WebContext(
        sessions=WebSessions(
            pool,
            keyring,
            idle=timedelta(seconds=settings.session_idle),
            longest=timedelta(seconds=settings.session_longest),
        ),
        oidc=OidcClient(settings, issuer),
        cookies=Cookies(settings.public_url),
        csrf=CsrfTokens(keyring),
        attempts=Sealer(keyring.derive("web-sign-in")),
        zone=ZoneInfo(settings.time_zone),
        recent=timedelta(seconds=settings.session_recent),
        local=read_identities(settings),
    )
