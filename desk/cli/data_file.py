"""Data that a command is given: from a file or standard input, never from arguments, for it may be about a patient."""

import json
import sys
from pathlib import Path
from typing import Any

from desk.cli.failure import Misuse

STANDARD_INPUT = Path("-")


def read_bytes(file: Path) -> bytes:
    """Raises Misuse when there is no such file."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misuse(f"{file}: cannot be read ({error.strerror})") from None


def read_text(file: Path) -> str:
    """Without blanks around it. Raises Misuse for what is no text."""
    try:
        return read_bytes(file).decode().strip()
    except UnicodeDecodeError:
        raise Misuse(f"{file}: not a text (not UTF-8)") from None


def read_object(file: Path) -> dict[str, Any]:
    """A JSON object. Raises Misuse with the line's number and none of its content."""
    return parse_object(read_bytes(file), file)


def parse_object(data: bytes, file: Path) -> dict[str, Any]:
    """The bytes read from `file` as a JSON object. Raises Misuse."""
    try:
        value = json.loads(data)
    except json.JSONDecodeError as error:
        raise Misuse(f"{file}: not JSON (line {error.lineno}, column {error.colno})") from None
    except UnicodeDecodeError:
        raise Misuse(f"{file}: not JSON (not UTF-8)") from None
    if not isinstance(value, dict):
        raise Misuse(f"{file}: a JSON object is needed")
    return value
