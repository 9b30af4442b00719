"""JSON from strangers: what Python reads but PostgreSQL does not, or is built to exhaust, is refused at the door."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any

import orjson

from desk.intake.problems import Unparseable

_DEEPEST = 64
_NOT_JSON = {
    BOM_UTF8: "the body begins with a byte order mark (EF BB BF): send JSON in UTF-8 without one",
    BOM_UTF16_LE: "the body is in UTF-16: send JSON in UTF-8",
    BOM_UTF16_BE: "the body is in UTF-16: send JSON in UTF-8",
    b"<": "the body is XML: send JSON",
    b"MSH|": "the body is HL7 v2: send it as application/hl7-v2",
}


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body.

    Raises:
        Unparseable: not JSON (NaN and lone surrogates included), not an object, NUL in it, deeper than 64 levels.
    """
    if cause := next((words for start, words in _NOT_JSON.items() if body.startswith(start)), None):
        raise Unparseable(cause)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None  # raised below, because orjson's error carries the whole body and would hang on ours
    if not isinstance(value, dict):
        raise Unparseable("the body is not a JSON object in UTF-8")
    _refuse_hostile(value)
    return value


def _refuse_hostile(root: dict[str, Any]) -> None:
    level: list[object] = [root]
    for _ in range(_DEEPEST):
        below: list[object] = []
        for node in level:
            if isinstance(node, dict):
                below.extend(node.keys())
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
            elif isinstance(node, str) and "\x00" in node:
                raise Unparseable("NUL characters are not accepted")
        if not below:
            return
        level = below
    raise Unparseable(f"nested deeper than {_DEEPEST} levels")
