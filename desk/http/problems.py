"""Every error as `application/problem+json` (RFC 9457), without any value of the request."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from desk.intake.problems import path_of, words_of
from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)

_RETRY_AFTER_S: Final = 2
PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "description": "A problem (RFC 9457)",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"path": {"type": "string"}, "problem": {"type": "string"}},
                        },
                    },
                },
            }
        }
    },
}


class HttpProblem(Exception):
    """An answer other than success. `detail` and `members` never repeat what the caller sent."""

    def __init__(
        self, status: int, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.members = members


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem(
    status: int, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any
) -> ProblemResponse:
    """The response for a status; 429 and 503 have Retry-After."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        content["detail"] = detail
    given = {**(headers or {}), "cache-control": "no-store"}
    if status in (429, 503):
        given.setdefault("retry-after", str(_RETRY_AFTER_S))
    return ProblemResponse({**content, **members}, status_code=status, headers=given)


def install_problems(app: FastAPI) -> None:
    """Answer every exception of the application as a problem."""
    app.add_exception_handler(HttpProblem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Unavailable, _away)
    app.add_exception_handler(Unsealable, _unsealable)
    app.add_exception_handler(Exception, _unexpected)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpProblem)  # noqa: S101 - narrows what Starlette's registry promises
    return problem(error.status, error.detail, headers=error.headers, **error.members)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    errors = error.errors()
    if any(each["type"] == "json_invalid" for each in errors):
        return problem(400, "the body is not JSON")
    listed = [{"path": path_of(each, after=1), "problem": words_of(each)} for each in errors]
    return problem(422, "some fields are not acceptable", errors=listed)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    return problem(error.status_code, headers=error.headers)


async def _away(_request: Request, error: Exception) -> Response:
    log.warning("dependency_away", exc_info=error)
    return problem(503, "something that the desk needs does not answer")


async def _unsealable(_request: Request, error: Exception) -> Response:
    log.error("stored_data_unsealable", exc_info=error)
    return problem(500, "what is stored cannot be opened: it was changed or moved, or its key is missing")


async def _unexpected(_request: Request, error: Exception) -> Response:
    log.error("request_failed", exc_info=error)
    return problem(500)
