"""The demo's own state: nothing of the last demo, and its policy at the speed asked for."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import yaml

from firstdose.adapters.policy_file import read_policy
from firstdose.domain.policy import Policy
from local.stack import StackOptions
from local.state import StateDirectory

_POLICY = Path(__file__).parent / "demo_policy.yaml"
_POLICY_FILE = "policy.yaml"
_LOCK = "lock"


async def fresh_state(options: StackOptions, speed: float) -> StackOptions:
    """The options with the demo's policy, in a state directory without any remains.

    With a database of the caller's the state stays: the keys in it open what that database holds.
    Raises StateInUseError.
    """
    with StateDirectory(options.state) as state:
        await state.clear_remains()
        if options.database_url is None:
            _wipe(state.path)
        file = state.write_text(_POLICY_FILE, yaml.safe_dump(faster(read_policy(_POLICY), speed)))
    return replace(options, policy=file)


def faster(policy: Policy, speed: float) -> dict[str, Any]:
    """The policy as its file has it, with every duration divided by `speed`."""

    def divided(value: Any) -> Any:
        match value:
            case timedelta():
                return value / speed
            case dict():
                return {key: divided(each) for key, each in value.items()}
            case list() | tuple():
                return [divided(each) for each in value]
        return value

    return _whole(Policy.model_validate(divided(_whole(policy))), mode="json")


def _whole(policy: Policy, *, mode: Literal["json", "python"] = "python") -> dict[str, Any]:
    """With the clocks, which a policy on its way to a workflow leaves behind."""
    return {**policy.model_dump(mode=mode), "clocks": [rule.model_dump(mode=mode) for rule in policy.clocks]}


def _wipe(directory: Path) -> None:
    for path in directory.iterdir():
        if path.name == _LOCK:  # whoever holds it now is us
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
