"""Pages for what went wrong: what it is, whether anything was stored, and what to do now."""

import re
from typing import Final, NamedTuple

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk.http.issuer import Unidentified
from desk.http.problems import HttpProblem
from desk.web.page import DeskPage, SignInNeeded, sign_in_address
from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.adapters.postgres.messages.messages import Conflict
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.resolutions import Refused
from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)

_BACK: Final = "Go back in your browser: what you typed is still there."


class Explanation(NamedTuple):
    title: str
    what: str
    now: str


_FIELD: Final = re.compile(r"^[a-z_]+(\.[a-z_]+)*: ")
_WORDS: Final = {
    400: Explanation(
        "This cannot be read", "The address or the form is not one of the desk's.", "Start from the menu."
    ),
    401: Explanation("You could not be signed in", "The answer of the sign-in service does not fit.", "Sign in again."),
    403: Explanation(
        "This is not for your role", "Your roles do not allow this.", "Ask your supervisor if they should."
    ),
    404: Explanation(
        "There is nothing here",
        "No page, referral or work item has this address, or you may not see it.",
        "Check the number, or look for it on the work page.",
    ),
    409: Explanation(
        "Somebody was faster", "It has changed since you opened it.", "Open it again to see how it is now."
    ),
    413: Explanation("This is too large", "The desk takes a mebibyte at a time.", "Send less at once."),
    422: Explanation("Some entries cannot be taken", "Nothing was stored.", _BACK),
    429: Explanation("Too much at once", "You have sent very much in a short time.", "Wait a minute, then try again."),
    500: Explanation(
        "Something of ours is broken",
        "It has been recorded. Nothing of what you sent was applied, as far as we know.",
        "Try again; if it stays so, tell whoever runs the desk.",
    ),
    503: Explanation(
        "The desk cannot reach its database",
        "Nothing was stored.",
        f"Wait a moment, then load the page again. {_BACK}",
    ),
}
_ISSUER: Final = Explanation(
    "The sign-in service does not answer", "You are not signed in.", "Wait a moment, then try again."
)


def error_page(page: DeskPage, error: Exception) -> Response:
    """The page for an exception of a route; what is not expected is logged."""
    match error:
        case SignInNeeded():
            return page.to(sign_in_address(error))
        case HttpProblem():
            return explain(page, error.status, _sentence(error.detail) if error.detail else None)
        case Refused():
            return explain(page, 403, _sentence(str(error)))
        case Conflict():
            return explain(page, 409, _sentence(str(error)))
        case Unidentified():
            return explain(page, 401)
        case RequestValidationError():
            wrong_place = any(each["loc"][:1] == ("path",) for each in error.errors())
            return explain(page, 404 if wrong_place else 400)
        case HTTPException():
            return explain(page, error.status_code)
        case Unavailable():
            log.warning("dependency_away", exc_info=error)
            about = _ISSUER if error.problem is ProblemCode.ISSUER_AWAY else _WORDS[503]
            return _shown(page, 503, about)
        case Unsealable():
            log.error("stored_data_unsealable", exc_info=error)
            return explain(page, 500, "What is stored cannot be opened: it was changed, or its key is missing.")
        case _:
            log.error("request_failed", exc_info=error)
            return explain(page, 500)


def explain(page: DeskPage, status: int, detail: str | None = None) -> Response:
    """`detail` says more exactly what happened than the status does."""
    about = _WORDS.get(status, _WORDS[500 if status >= 500 else 400])
    return _shown(page, status, about._replace(what=detail) if detail else about)


def _shown(page: DeskPage, status: int, about: Explanation) -> Response:
    response = page.render("error.html", status=status, about=about)
    if status in (429, 503):
        response.headers["retry-after"] = "2"
    return response


def _sentence(text: str) -> str:
    """Without the field that a refusal starts with: who reads this has no form before them."""
    said = _FIELD.sub("", text)
    return f"{said[:1].upper()}{said[1:].removesuffix('.')}."
