"""Settings of the desk's pages: who the desk is to the OIDC issuer, and how long a session lasts."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("it is a time zone's name of the IANA database, like America/Chicago") from None
    return name


class BrowserSettings(BaseModel):
    """The part of the settings that is for people with a browser."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    oidc_client_id: str | None = Field(
        None,
        alias="FIRSTDOSE_OIDC_CLIENT_ID",
        description="client id of the desk's pages at the issuer, with `<public URL>/sign-in/callback` as its redirect "
        "address; unset: nobody signs in with a browser",
    )
    oidc_client_secret: SecretStr | None = Field(
        None,
        alias="FIRSTDOSE_OIDC_CLIENT_SECRET",
        description="secret of that client; unset: a public client, which PKCE alone protects",
    )
    oidc_scope: str = Field(
        "openid profile",
        alias="FIRSTDOSE_OIDC_SCOPE",
        description="what the pages ask the issuer for; add the scope that brings the roles claim, if it needs one",
    )
    session_idle: int = Field(
        900,
        ge=60,
        le=24 * 3600,
        alias="FIRSTDOSE_SESSION_IDLE",
        description="seconds without a request after which a browser session ends",
    )
    session_longest: int = Field(
        12 * 3600,
        ge=60,
        le=24 * 3600,
        alias="FIRSTDOSE_SESSION_LONGEST",
        description="seconds after which a browser session ends in any case",
    )
    session_recent: int = Field(
        300,
        ge=30,
        le=24 * 3600,
        alias="FIRSTDOSE_SESSION_RECENT",
        description="how many seconds ago somebody must have signed in for an override or to break the glass",
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "America/Chicago",
        alias="FIRSTDOSE_TIME_ZONE",
        description="zone in which staff read times that are no patient's and no payer's",
    )
    local_identities: Path | None = Field(
        None,
        alias="FIRSTDOSE_LOCAL_IDENTITIES",
        description="local stack only: file of its tokens, so that one button for each role signs in on this machine",
    )
