"""The pages of the desk: their routers, in one place."""

from typing import Final

from fastapi import FastAPI

from desk.web import api_docs, assets, audit, home, item_pages, notes, payers, sign_in, visits, work
from desk.web.acts import cancel, hold, override
from desk.web.case import break_glass, documents
from desk.web.case import page as case_page
from desk.web.facts import pages as fact_pages
from desk.web.route import install_missing_page

_OF_A_CASE: Final = (case_page, break_glass, documents, notes, hold, cancel, override, fact_pages)
_ROUTERS: Final = tuple(
    module.router for module in (api_docs, assets, audit, home, item_pages, payers, sign_in, visits, work, *_OF_A_CASE)
)


def install_pages(app: FastAPI) -> None:
    """Add every page, and the page for an address that is none."""
    for router in _ROUTERS:
        app.include_router(router)
    install_missing_page(app)
