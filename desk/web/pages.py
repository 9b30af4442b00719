"""The pages of the desk: their routers, in one place."""

from typing import Final

from fastapi import FastAPI

from desk.web import assets, audit, home, sign_in, visits, work
from desk.web.case import break_glass, documents
from desk.web.case import page as case_page
from desk.web.route import install_missing_page

_CASE: Final = (case_page, break_glass, documents)
_ROUTERS: Final = tuple(module.router for module in (assets, audit, home, sign_in, visits, work, *_CASE))


def install_pages(app: FastAPI) -> None:
    """Add every page, and the page for an address that is none."""
    for router in _ROUTERS:
        app.include_router(router)
    install_missing_page(app)
