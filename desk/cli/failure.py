"""How a command ends when it does not end well: one line for the person, one exit code for the script."""

import sys
from typing import ClassVar

DONE, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 3


class Failure(Exception):
    """Refused or failed. The text is one line with the next step; it never contains PHI."""

    code: ClassVar[int] = FAILED


class Misuse(Failure):
    """The command was given something that it cannot work with."""

    code = USAGE


class Unreachable(Failure):
    """The desk, the database or Temporal does not answer."""

    code = UNREACHABLE


def report(failure: Failure) -> int:
    """Tell the person; returns the exit code."""
    print(f"firstdose: {failure}", file=sys.stderr)
    return failure.code
