"""The desk's cookies: HttpOnly, SameSite=Lax, and Secure everywhere but on loopback over http."""

from enum import StrEnum
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from firstdose.domain.address import is_loopback


class Cookie(StrEnum):
    SESSION = "firstdose"
    """The secret of the session."""
    SIGN_IN = "firstdose-sign-in"
    """A sealed sign-in that was begun at the issuer."""
    VISITOR = "firstdose-visitor"
    """For the CSRF token of a form before there is a session."""
    DONE = "firstdose-done"
    """The code of what was just done, shown once."""


class Cookies:
    """Under https their names begin with `__Host-`: no other host and no plain http can have set them."""

    def __init__(self, public_url: str) -> None:
        address = urlsplit(public_url)
        self._secure = not (address.scheme == "http" and is_loopback(address.hostname))

    def read(self, request: Request, cookie: Cookie) -> str | None:
        return request.cookies.get(self._name(cookie))

    def put(self, response: Response, cookie: Cookie, value: str, *, seconds: int | None = None) -> None:
        """Without `seconds` the browser forgets it when it is closed."""
        response.set_cookie(
            self._name(cookie), value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, cookie: Cookie) -> None:
        response.delete_cookie(self._name(cookie), path="/", secure=self._secure, httponly=True, samesite="lax")

    def _name(self, cookie: Cookie) -> str:
        return f"__Host-{cookie}" if self._secure else str(cookie)
