"""Logs that cannot carry PHI: an allow-list of keys, exceptions reduced to type and place, foreign text dropped.

Of Temporal's SDK the words stay, without the values in them (sdk_texts.py). `configure_logs` once per process,
before any other work; servers that bring their own logging set-up get none (uvicorn: `log_config=None`).
"""

import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

import firstdose
from firstdose.adapters.sdk_texts import sdk_event

# Ids of ours, enumerated values, numbers and instants. Never a name, text, path, URL or id that the outside chose.
# fmt: off
ALLOWED_KEYS = frozenset({
    "event", "level", "logger", "timestamp", "where", "error", "error_at",
    "referral_id", "item_id", "contact_id", "inbox_id", "outbox_id", "action_id", "override_id", "visit_id",
    "document_id", "nurse_id", "actor",
    "workflow_id", "workflow_run_id", "run_id", "workflow_type", "activity_id", "activity_type", "task_queue",
    "attempt", "update",
    "stage", "kind", "role", "state", "status", "outcome", "closing", "line", "gate", "therapy", "urgency", "payer",
    "channel", "source", "milestone", "rule", "code",
    "method", "route", "duration_ms", "delay_s", "count", "bytes", "version", "migration", "table", "key_id",
    "due_at", "next_at",
    "request_id", "peer",
    "service", "pid", "signal", "host", "port", "namespace", "identity",
})
# fmt: on

_OUR_PACKAGES = ("firstdose", "activities", "workflows", "workers", "desk", "simulator", "local")
_OUR_ROOTS = tuple(f"{Path(firstdose.__file__).parents[1] / package}/" for package in _OUR_PACKAGES)
# Loggers that our own code uses, besides those named after our packages.
_OUR_LOGGERS = (*_OUR_PACKAGES, "__main__", "temporalio.activity", "temporalio.workflow")
_TEMPORAL_CONTEXT = ("temporal_activity", "temporal_workflow")
_PLACES_SHOWN = 12
_LONGEST_VALUE = 300


def configure_logs(level: str, log_format: str, *, stream: IO[str] | None = None) -> None:
    """Route structlog, the standard library's logging, warnings and uncaught exceptions through one formatter.

    `level` (`debug`, `info`, …) is for our own loggers; others speak from `warning` on. `log_format` is `json` or
    `console`; `stream` defaults to stderr.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(log_format))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in _OUR_LOGGERS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # A record that cannot be formatted would be printed with its arguments.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def reduce_exception(error: BaseException) -> dict[str, str]:
    """`error`: types from the exception down to its first cause; `error_at`: the calls, outermost first."""
    chain = list(_causes(error))
    return {"error": " < ".join(_type_name(cause) for cause in chain), "error_at": " > ".join(_places(error))}


def _formatter(log_format: str) -> logging.Formatter:
    renderer: Processor = structlog.processors.JSONRenderer()
    if log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        processors=[_describe, _allow, renderer],
        use_get_message=False,
    )


def _describe(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """One flat event from either kind of record: structlog's own, or the standard library's."""
    record: logging.LogRecord = event["_record"]
    described = dict(event) if event["_from_structlog"] else _of_standard_library(record)
    described["level"] = record.levelname.lower()
    described["logger"] = record.name
    described["timestamp"] = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
    if error := _exception(event.get("exc_info")):
        described |= reduce_exception(error)
    return described


def _of_standard_library(record: logging.LogRecord) -> dict[str, Any]:
    """Only our own code (workflows and activities log this way) is trusted with a text and with `extra` keys."""
    ours = record.pathname.startswith(_OUR_ROOTS)
    return {
        **(vars(record) if ours else {}),
        **_temporal_ids(record),
        "event": record.msg if ours else "log",
        "where": f"{record.module}:{record.lineno}",
        **((not ours and sdk_event(record)) or {}),
    }


def _allow(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _plain(value) for key, value in event.items() if key in ALLOWED_KEYS}


def _plain(value: object) -> object:
    """Scalars as they are; anything that could hold a record of someone only as its type."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return _plain(value.value)
        case str():
            return value[:_LONGEST_VALUE]
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
        case _:
            return f"<{type(value).__name__}>"


def _temporal_ids(record: logging.LogRecord) -> dict[str, Any]:
    contexts = [getattr(record, name, None) for name in _TEMPORAL_CONTEXT]
    return {key: value for context in contexts if isinstance(context, Mapping) for key, value in context.items()}


def _exception(exc_info: object) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case None | False:
            return None
        case _:
            return sys.exc_info()[1]


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _type_name(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, BaseExceptionGroup):
        return f"{name}({', '.join(_type_name(member) for member in error.exceptions)})"
    return name


def _places(error: BaseException) -> list[str]:
    places = []
    traceback = error.__traceback__
    while traceback is not None:
        places.append(f"{traceback.tb_frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places[-_PLACES_SHOWN:]


def _log_uncaught(
    _kind: type[BaseException], error: BaseException | None, _traceback: TracebackType | None = None
) -> None:
    logging.getLogger("firstdose").critical("uncaught", exc_info=error)
