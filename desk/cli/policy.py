"""`policy check`: whether a policy file can be used, before a worker starts with it."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from desk.cli import display
from desk.cli.data_file import read_bytes
from desk.cli.failure import Failure
from desk.cli.options import DataFile
from firstdose.domain.policy import Policy


def check(file: DataFile, /) -> None:
    """Read a policy as a worker would, and say what is wrong in it."""
    policy = read_policy(file)
    display.say(
        f"the policy {policy.version} is good: {len(policy.licensed_states)} states, {len(policy.clocks)} clocks"
    )


def read_policy(file: Path) -> Policy:
    """Raises Failure, which names the place of every mistake."""
    try:
        return Policy.model_validate(yaml.safe_load(read_bytes(file)) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise Failure(f"{file}: not YAML{where}") from None
    except ValidationError as error:
        mistakes = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False))
        raise Failure(f"{file}: {'; '.join(mistakes)}") from None
