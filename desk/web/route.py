"""Routes that answer with pages: a router's `route_class`, so that an error is a page as well."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk.http.problems import problem
from desk.web.errors import error_page, explain
from desk.web.page import recognized_page, visitor_page


class PageRoute(APIRoute):
    """A route whose every error is shown as a page, or leads to signing in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_with_page(request: Request) -> Response:
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001 - each becomes a page; the unexpected is logged there
                return error_page(visitor_page(request, request.app.state.desk), error)

        return answer_with_page


def page_router() -> APIRouter:
    """A router for pages."""
    return APIRouter(include_in_schema=False, route_class=PageRoute)


def install_missing_page(app: FastAPI) -> None:
    """Show a page to a browser that asks for an address which is none; programs get a problem."""

    async def missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - narrows what Starlette's registry promises
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
        if error.status_code != 404 or not wants_page:
            return problem(error.status_code, headers=error.headers)
        return explain(await recognized_page(request, request.app.state.desk), 404)

    app.add_exception_handler(HTTPException, missing)
