"""Looks for values in bytes, however they may be written there: plain, percent-encoded, in hex, in Base64."""

import asyncio
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import psutil
from temporalio.client import Client

_SHORTEST_BASE64 = 9
"""Shorter ones turn up in random bytes."""
_BYTEA = re.compile(rb"\\\\?x([0-9a-f]{2,})")


class Needle(NamedTuple):
    """One way in which a value may be written. `exact` tells upper from lower case."""

    written: bytes
    exact: bool
    value: str


def needles(values: Iterable[str]) -> list[Needle]:
    """Every way in which each value may be written."""
    return sorted({needle for value in values for needle in _ways(value)})


def _ways(value: str) -> Iterator[Needle]:
    raw = value.encode()
    yield Needle(raw.lower(), exact=False, value=value)
    for each in {raw, raw.lower(), raw.upper()}:
        yield Needle(each.hex().encode(), exact=False, value=value)
        yield Needle("".join(f"%{byte:02x}" for byte in each).encode(), exact=False, value=value)
    for encode in (b64encode, urlsafe_b64encode):
        for shift in range(3):
            if len(inner := _inner(encode, raw, shift)) >= _SHORTEST_BASE64:
                yield Needle(inner, exact=True, value=value)


def _inner(encode: Any, raw: bytes, shift: int) -> bytes:
    """The Base64 characters that depend on the value alone when `shift` bytes (modulo 3) stand before it."""
    whole: bytes = encode(b"\0" * shift + raw)
    first = (shift * 8 + 5) // 6
    last = (shift + len(raw)) * 8 // 6
    return whole[first:last]


def found(sought: list[Needle], places: Mapping[str, bytes]) -> dict[str, set[str]]:
    """What lies where, by place."""
    return {place: values for place, content in places.items() if (values := _within(sought, content))}


def _within(sought: list[Needle], content: bytes) -> set[str]:
    lower = content.lower()
    return {each.value for each in sought if each.written in (content if each.exact else lower)}


def files(state: Path, *, but: Iterable[str], since: float) -> dict[str, bytes]:
    """Every file of a state directory that is not named in `but` and was written to `since` then (Unix time)."""
    left_out = {state / name for name in but}
    written = [path for path in state.rglob("*") if path.is_file() and path.stat().st_mtime >= since]
    paths = [path for path in written if path not in left_out]
    return {str(path.relative_to(state)): path.read_bytes() for path in paths}


async def tables(dsn: str) -> dict[str, bytes]:
    """Every row of every table, as text and with its bytes as they are."""
    connection = await asyncpg.connect(dsn)
    try:
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {f"table {name}": await _rows(connection, name) for (name,) in names}
    finally:
        await connection.close()


async def _rows(connection: "asyncpg.Connection[Any]", table: str) -> bytes:
    rows = await connection.fetch(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - the catalog's own names
    text = "\n".join(row[0] for row in rows).encode()
    return b"\n".join([text, *(bytes.fromhex(value.decode()) for value in _BYTEA.findall(text) if len(value) % 2 == 0)])


def processes(pids: Iterable[int]) -> dict[str, bytes]:
    """What anybody on the machine sees of these processes and their descendants, and their environments."""
    seen: dict[str, bytes] = {}
    for pid in pids:
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                who = f"{process.name()} {process.pid}"
                seen[f"arguments of {who}"] = "\n".join(process.cmdline()).encode()
                seen[f"environment of {who}"] = repr(process.environ()).encode()
    return seen


async def histories(client: Client) -> dict[str, bytes]:
    """Every history, every payload of it opened: what the workflows know."""
    ids = [run.id async for run in client.list_workflows()]
    opened = await asyncio.gather(*(_history(client, workflow_id) for workflow_id in ids))
    return {f"history of {workflow_id}": history for workflow_id, history in zip(ids, opened, strict=True)}


async def _history(client: Client, workflow_id: str) -> bytes:
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    codec = client.data_converter.payload_codec
    opened: list[bytes] = []
    for event in history.events:
        for payload in _payloads(event):
            (plain,) = await codec.decode([payload]) if codec else [payload]
            opened.append(plain.data)
        opened.append(event.SerializeToString())
    return b"\n".join(opened)


def _payloads(message: Any) -> Iterator[Any]:
    """Every payload somewhere in a protobuf message."""
    if message.DESCRIPTOR.full_name == "temporal.api.common.v1.Payload":
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            inner = [each for each in value.values() if hasattr(each, "DESCRIPTOR")]
        else:
            inner = list(value) if hasattr(value, "append") or hasattr(value, "add") else [value]
        for each in inner:
            yield from _payloads(each)
