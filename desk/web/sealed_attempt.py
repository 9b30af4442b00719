"""A sign-in that was begun, sealed for the browser's cookie: nobody else can begin or change it."""

import base64
from datetime import UTC, datetime

from pydantic import ValidationError

from desk.web.oidc import SignInAttempt
from firstdose.adapters.keyring.sealing import Sealer, Unsealable

_PLACE = "sign-in"


def seal_attempt(sealer: Sealer, attempt: SignInAttempt) -> str:
    return base64.urlsafe_b64encode(sealer.seal(attempt.model_dump_json().encode(), _PLACE)).decode()


def open_attempt(sealer: Sealer, sealed: str | None, *, within_s: int) -> SignInAttempt | None:
    """None for one that is not ours, or that was begun longer ago than `within_s` seconds."""
    try:
        opened = sealer.open(base64.urlsafe_b64decode((sealed or "").encode()), _PLACE)
        attempt = SignInAttempt.model_validate_json(opened)
    except (ValueError, Unsealable, ValidationError):
        return None
    return attempt if (datetime.now(UTC) - attempt.begun_at).total_seconds() <= within_s else None
