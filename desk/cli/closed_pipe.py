"""Output whose reader has gone, as in `firstdose list | head`: the command ends quietly, and that is no error."""

import os
import select
import sys

from rich.console import Console

from desk.cli.failure import DONE, Failure, report


class PipedConsole(Console):
    """Leaves it to whoever runs the command to say how it ends when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def reader_has_gone() -> bool:
    """Whether standard output leads to nobody. Another pipe that broke is an error like any other."""
    try:
        output = sys.stdout.fileno()
    except (OSError, ValueError):  # it is no file
        return False
    look = select.poll()
    look.register(output, 0)
    return any(event & select.POLLERR for _, event in look.poll(0))


def ended_by_reader() -> int:
    """The exit code after a BrokenPipeError: whoever read us has read enough, unless it was another pipe."""
    if not reader_has_gone():
        return report(Failure("a connection broke: try again"))
    # What is still buffered must not go into the closed pipe once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE
