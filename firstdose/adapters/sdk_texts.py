"""The Temporal SDK's log messages without values: only literal text of the SDK's own source is kept.

Its texts interpolate errors, and those of converters and codecs may hold what a payload held. So the literal parts are
read from the source at the place that the record names, and of the values only numbers and UUIDs are put back.
"""

import ast
import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

# Found without importing it: the staff's command line starts without the SDK.
_SPEC: Final = find_spec("temporalio")
_SDK: Final = f"{Path(_SPEC.origin).parent}/" if _SPEC and _SPEC.origin else None
_CORE: Final = "temporalio.core"
_CORE_PATH: Final = "(sdk-core)"
_LEFT_OUT: Final = "…"
_LONGEST: Final = 300
_SAFE_VALUE: Final = re.compile(r"\d{1,10}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACEHOLDER: Final = re.compile(r"%[sdr]")
# Core writes these texts itself, of event and command types and their ids; any other message of a failure may be ours.
_CODED: Final = re.compile(r'message: "(\[TMPRL\d{4}\] [^"\\]+)"')
_CORE_IDS: Final = ("run_id", "workflow_id")


def sdk_event(record: logging.LogRecord) -> dict[str, Any] | None:
    """`event` and ids of a record of the SDK; None for other loggers, or without the text in the source."""
    if record.pathname == _CORE_PATH and record.name.startswith(_CORE):
        return _of_core(record)
    if _SDK is None or not record.pathname.startswith(_SDK):
        return None
    text = _literal(record.pathname, record.lineno)
    return {"event": _filled(text, record.args)[:_LONGEST]} if text else None


def _of_core(record: logging.LogRecord) -> dict[str, Any]:
    """Core's sentence, with the code and text of a failure that core itself found, and its ids."""
    fields = getattr(getattr(record, "temporal_log", None), "fields", None)
    given = fields if isinstance(fields, Mapping) else {}
    coded = _CODED.search(str(given.get("failure", "")))
    sentence = str(record.msg).partition("\n")[0]
    text = f"{sentence}: {coded[1]}" if coded else sentence
    ids = {name: given[name] for name in _CORE_IDS if isinstance(given.get(name), str)}
    return {"event": text[:_LONGEST], **ids}


@cache
def _literal(path: str, line: int) -> str:
    """The literal parts of the text that is logged there; empty if there is none."""
    calls = [call for call in _calls(path) if call.lineno <= line <= (call.end_lineno or call.lineno)]
    return _literals(max(calls, key=lambda call: call.lineno).args[0]) if calls else ""


@cache
def _calls(path: str) -> tuple[ast.Call, ...]:
    try:
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return ()
    return tuple(_log_calls(tree))


def _log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="warning" | "error" | "exception" | "critical"), args=[_, *_]):
                yield node


def _literals(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_literals(part) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _literals(left) + _literals(right)
        case _:
            return _LEFT_OUT


def _filled(text: str, args: object) -> str:
    values = iter(args if isinstance(args, tuple) else ())
    return _PLACEHOLDER.sub(lambda _: _safe(next(values, None)), text)


def _safe(value: object) -> str:
    written = str(value) if isinstance(value, str | int) else ""
    return written if _SAFE_VALUE.fullmatch(written) else _LEFT_OUT
