"""The desk's first address: on to the first page of one's role."""

from starlette.responses import Response

from desk.web.navigation import first_page
from desk.web.page import StaffPage
from desk.web.route import page_router

router = page_router()


@router.get("/")
async def home(page: StaffPage) -> Response:
    return page.to(first_page(page.actor.roles))
