"""The API as a page, made of the description that /openapi.json has."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fastapi import Request
from starlette.responses import Response

from desk.http.app_context import Context
from desk.web.page import recognized_page
from desk.web.route import page_router

router = page_router()


class Operation(NamedTuple):
    """`body` is the JSON schema of what is sent, as text; empty where nothing is."""

    method: str
    path: str
    about: str
    parameters: tuple[str, ...]
    body: str


@router.get("/docs")
async def api_docs(request: Request, desk: Context) -> Response:
    described: dict[str, Any] = request.app.openapi()
    by_tag: dict[str, list[Operation]] = defaultdict(list)
    for tag, operation in _operations(described):
        by_tag[tag].append(operation)
    page = await recognized_page(request, desk)
    return page.render("api_docs.html", tags=by_tag, summary=described["info"].get("summary", ""))


def _operations(described: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            inputs = tuple(each["name"] for each in told.get("parameters", ()) if each["in"] != "path")
            body = _body(described, told.get("requestBody", {}))
            operation = Operation(method.upper(), path, told.get("description", ""), inputs, body)
            yield (told.get("tags") or ["other"])[0], operation


def _body(described: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    content: Mapping[str, Any] = next(iter(body.get("content", {}).values()), {})
    schema = content.get("schema")
    if schema is None:
        return ""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return json.dumps(schema, indent=2)
