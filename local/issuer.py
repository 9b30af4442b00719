"""The local stack's own issuer of staff identities: one made-up user per role, valid on this machine alone."""

import ipaddress
import json
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from firstdose.domain.work.role import Role
from local.state import StateDirectory

ISSUER = "https://firstdose.local"
AUDIENCE = "firstdose"
ROLES_CLAIM = "roles"
LIFETIME = timedelta(days=30)
_ALGORITHM = "ES256"

# A second supervisor, for what two persons must agree on.
USERS: dict[str, Role] = {**{role.value: role for role in Role}, "supervisor_2": Role.SUPERVISOR}
"""The role of each user, by the user's name in `tokens.json`."""


class NotLoopbackError(Exception):
    """One line: these identities are for loopback only."""


def require_loopback(host: str) -> None:
    """Refuse to hand out made-up identities to a desk that others can reach. Raises NotLoopbackError."""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise NotLoopbackError(f"The local stack's staff identities are for loopback only, not for {host}.")


def issue_tokens(state: StateDirectory, *, now: datetime) -> None:
    """Write `jwks.json` and `tokens.json` into the state directory; the key behind them stays the same."""
    key = ECKey.import_key(json.loads(state.keep("issuer-key.json", _new_key)))
    state.write("jwks.json", KeySet([key]).as_dict(private=False))
    state.write("tokens.json", {user: _token(key, user, role, now) for user, role in USERS.items()})


def _new_key() -> str:
    return json.dumps(
        ECKey.generate_key("P-256", {"use": "sig", "alg": _ALGORITHM}, auto_kid=True).as_dict(private=True)
    )


def _token(key: ECKey, user: str, role: Role, now: datetime) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"local-{user.replace('_', '-')}",
        "name": f"Local {user.replace('_', ' ')}",
        ROLES_CLAIM: [role.value],
        "iat": now,
        "exp": now + LIFETIME,
    }
    return jwt.encode({"alg": _ALGORITHM, "kid": key.kid}, claims, key)
