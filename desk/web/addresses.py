"""Addresses within the desk: where somebody goes after signing in. Never another site's."""

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request

HOME: Final = "/"
_LONGEST: Final = 1000
_OF_OURS: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_NO_PAGES: Final = ("/sign-in", "/sign-out", "/signed-out", "/api/", "/static/")
_KEPT: Final = "kept"


def safe_address(given: str | None) -> str:
    """`given` if it is a page of the desk, else the first page."""
    if given is None or len(given) > _LONGEST or not _OF_OURS.fullmatch(given):
        return HOME
    split = urlsplit(given)
    if split.scheme or split.netloc or split.path.startswith(_NO_PAGES):
        return HOME
    return given


def address_of(request: Request) -> str:
    """Path and query of the page that is asked for, without the name of a kept form."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != _KEPT]
    return with_query(request.url.path, query)


def with_query(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def with_kept(address: str, kept: str | None) -> str:
    """The page's address with the name of the form that is kept for it."""
    if kept is None:
        return address
    split = urlsplit(address)
    query = [pair for pair in parse_qsl(split.query, keep_blank_values=True) if pair[0] != _KEPT]
    return with_query(split.path, [*query, (_KEPT, kept)])
