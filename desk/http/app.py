"""The desk as an ASGI application."""

from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from desk.http import (
    break_glass,
    codec,
    documents,
    health,
    identity,
    notes,
    pages,
    payer_answers,
    referrals,
    reports,
    webhooks,
    work,
    work_items,
)
from desk.http.app_context import AppContext
from desk.http.guard import BodyGuard
from desk.http.observe import Observed
from desk.http.problems import PROBLEM_SCHEMA, install_problems
from desk.web.pages import install_pages

_ROUTERS: Final = tuple(
    module.router
    for module in (
        webhooks,
        referrals,
        break_glass,
        documents,
        notes,
        payer_answers,
        work,
        work_items,
        reports,
        identity,
        codec,
        health,
        pages,
    )
)


def create_app(desk: AppContext) -> ASGIApp:
    """All routes, guarded and observed."""
    secure = desk.settings.public_url.startswith("https://")
    return Observed(BodyGuard(create_routes(desk)), secure=secure)


def create_routes(desk: AppContext) -> FastAPI:
    """The routes alone."""
    app = FastAPI(
        title="FirstDose",
        version="1",
        summary="From a doctor's referral to the first infusion at home",
        docs_url=None,
        redoc_url=None,
        responses={"default": PROBLEM_SCHEMA},
    )
    app.state.desk = desk
    install_problems(app)
    for router in _ROUTERS:
        app.include_router(router)
    install_pages(app)
    return app
