"""`--install-completion` and `--show-completion`: the shell completes commands, options and their codes."""

from enum import StrEnum
from typing import Annotated

from cyclopts import Parameter
from cyclopts.completion.detect import ShellDetectionError

from desk.cli import display
from desk.cli.failure import Failure, Misuse


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


ForShell = Annotated[Shell | None, Parameter(help="The shell; the one that runs the command if not given.")]


def install(shell: ForShell = None, /) -> None:
    """Write the completion where the shell looks for it."""
    from desk.cli.app import build

    try:
        file = build().install_completion(shell=shell.value if shell else None)
    except ShellDetectionError:
        raise _no_shell() from None
    except OSError as error:
        raise Failure(f"the completion cannot be written ({error.strerror})") from None
    display.line(f"completion is in {file}; it works in the next shell that you open")


def show(shell: ForShell = None, /) -> None:
    """Print the completion, for somebody who puts it where they want it."""
    from desk.cli.app import build

    try:
        print(build().generate_completion(shell=shell.value if shell else None))
    except ShellDetectionError:
        raise _no_shell() from None


def _no_shell() -> Misuse:
    return Misuse(f"your shell cannot be told: name it, one of {', '.join(Shell)}")
