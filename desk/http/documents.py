"""The documents of a referral: which there are, and opening one. Both are audited.

What a source sent is opened as a stranger's file: under no name and type of theirs but a harmless one, in a sandbox.
"""

from base64 import b64decode
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from desk.http.app_context import AppContext, Context
from desk.http.identity import Reader
from desk.http.permits import permit_reading
from desk.http.problems import HttpProblem
from firstdose.domain.referral.referral import Document, DocumentKind
from firstdose.domain.work.role import Actor

router = APIRouter(prefix="/api/referrals", tags=["documents"])

_INLINE: Final = {
    "application/pdf": "pdf",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
    "text/plain": "txt",
}
"""Types that a browser shows without running anything, and how their files are called."""
_UNKNOWN: Final = "application/octet-stream"
_SANDBOX: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
_CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}

Number = Annotated[int, Path(ge=1, le=999)]


class DocumentRow(BaseModel):
    """A document by its number in the facts as they stand. `size` is in bytes, for what is kept here.

    A document that is an `address` lies at its source; of one that is `nothing` only the kind was told.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    number: int
    kind: DocumentKind
    title: str | None = Field(repr=False)
    content_type: str | None
    held: Literal["content", "address", "nothing"]
    size: int | None
    url: str | None = Field(repr=False)

    @classmethod
    def of(cls, number: int, document: Document) -> "DocumentRow":
        content = _content(document)
        return cls(
            number=number,
            kind=document.kind,
            title=document.title,
            content_type=document.content_type,
            held="content" if content is not None else "address" if document.url else "nothing",
            size=None if content is None else len(content),
            url=document.url,
        )


@router.get("/{referral_id}/documents")
async def list_documents(referral_id: UUID, desk: Context, actor: Reader) -> list[DocumentRow]:
    """What the source and staff sent about it, without the contents."""
    documents = await _documents(desk, actor, referral_id)
    await desk.note(actor, "documents_listed", {"documents": len(documents)}, chain=str(referral_id))
    return [DocumentRow.of(number, document) for number, document in enumerate(documents, start=1)]


@router.get("/{referral_id}/documents/{document}", response_class=Response, responses=_CONTENT)
async def open_document(referral_id: UUID, document: Number, desk: Context, actor: Reader) -> Response:
    """The content of one document. A type that a browser could run comes as an attachment."""
    documents = await _documents(desk, actor, referral_id)
    if document > len(documents):
        raise HttpProblem(404, "there is no such document")
    wanted = documents[document - 1]
    content = _content(wanted)
    if content is None and wanted.url:
        raise HttpProblem(409, "the document is an address at its source; the list of documents shows it")
    if content is None:
        raise HttpProblem(404, "nothing of this document was sent")
    opened = {"document": document, "kind": wanted.kind, "size": len(content)}
    await desk.note(actor, "document_opened", opened, chain=str(referral_id))
    return Response(content, headers=_headers(document, wanted.content_type))


async def _documents(desk: AppContext, actor: Actor, referral_id: UUID) -> tuple[Document, ...]:
    """Raises Problem 403 and 404."""
    await permit_reading(desk, actor, str(referral_id))
    referral = await desk.facts(str(referral_id))
    if referral is None:
        raise HttpProblem(404, "there is no such referral, or its facts were shredded")
    return referral.documents


def _content(document: Document) -> bytes | None:
    return None if document.data is None else b64decode(document.data)


def _headers(number: int, told: str | None) -> dict[str, str]:
    """The file's name tells nobody's name, whatever the title says."""
    plain = (told or "").partition(";")[0].strip().lower()
    harmless = plain in _INLINE
    name = f"document-{number}.{_INLINE.get(plain, 'bin')}"
    charset = "; charset=utf-8" if plain.startswith("text/") else ""
    return {
        "content-type": f"{plain}{charset}" if harmless else _UNKNOWN,
        "content-disposition": f'{"inline" if harmless else "attachment"}; filename="{name}"',
        "content-security-policy": _SANDBOX,
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
