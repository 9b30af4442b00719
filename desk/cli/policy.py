"""`policy check`: whether a policy file can be used, before a worker starts with it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from desk.cli import display
from desk.cli.failure import Failure, Misuse
from firstdose.adapters.policy_file import UnfitPolicy, read_policy


def check(file: Annotated[Path, Parameter(help="The policy, YAML.")], /) -> None:
    """Read a policy as a worker would, and say what is wrong in it."""
    try:
        policy = read_policy(file)
    except UnfitPolicy as mistakes:
        raise Failure(str(mistakes)) from None
    except OSError as error:
        raise Misuse(f"{file}: cannot be read ({error.strerror})") from None
    states, clocks = len(policy.licensed_states), len(policy.clocks)
    display.line(f"the policy {policy.version} is good: {states} states, {clocks} clocks")
