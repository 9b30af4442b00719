"""A referral's document inside a page: shown by the browser where it can, from an audited address of ours."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from desk.http.documents import DocumentRow, Number, list_documents, open_document
from desk.http.problems import HttpProblem
from desk.web.case.reference import named_row
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router

router = page_router()

IMAGES: Final = ("image/gif", "image/jpeg", "image/png", "image/webp")
FRAMED: Final = ("application/pdf", "text/plain")
_PDF: Final = "application/pdf"
_POLICY: Final = "default-src 'none'; frame-ancestors 'self'"
_PDF_POLICY: Final = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""The browser's own viewer needs these two, and does not open in a sandbox."""


@router.get("/referrals/{reference}/documents/{document}")
async def document(reference: str, document: Number, page: WorkerPage) -> Response:
    """The document in the page if a browser shows its type, else a link to download it."""
    row = await named_row(page, reference)
    told = await _told(page, row.id, document)
    response = page.render("case_document.html", row=row, document=told, how=how_shown(told))
    # The content comes from this origin, in a frame of this page alone.
    response.headers["content-security-policy"] = f"{page.desk.web.policy}; frame-src 'self'"
    return response


@router.get("/referrals/{reference}/documents/{document}/content")
async def content(
    reference: str, document: Number, page: WorkerPage, *, download: Annotated[bool, Query()] = False
) -> Response:
    """The content alone, audited as the API's. It may stand in a frame of ours, and runs nothing."""
    row = await named_row(page, reference)
    answer = await open_document(UUID(row.id), document, page.desk, page.actor)
    is_pdf = answer.headers["content-type"] == _PDF
    policy = _PDF_POLICY if is_pdf else f"{_POLICY}; sandbox"
    answer.headers["content-security-policy"] = policy
    if download:
        shown = answer.headers["content-disposition"]
        answer.headers["content-disposition"] = shown.replace("inline", "attachment", 1)
    return answer


def how_shown(document: DocumentRow) -> str:
    """`image`, `frame`, `download`, `address` or `nothing`."""
    plain = (document.content_type or "").partition(";")[0].strip().lower()
    match document.held:
        case "content" if plain in IMAGES:
            return "image"
        case "content" if plain in FRAMED:
            return "frame"
        case "content":
            return "download"
        case other:
            return other


def documents_of(documents: Any) -> tuple[DocumentRow, ...]:
    """Numbered as the API numbers them."""
    return tuple(DocumentRow.of(number, each) for number, each in enumerate(documents, start=1))


async def _told(page: DeskPage, referral_id: str, number: int) -> DocumentRow:
    """Raises Problem 403 and 404."""
    listed = await list_documents(UUID(referral_id), page.desk, page.actor)
    if number > len(listed):
        raise HttpProblem(404)
    return listed[number - 1]
