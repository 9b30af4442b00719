"""The local stack's state directory: private files, one owner, secrets made once."""

import base64
import os
import stat
from pathlib import Path

import pytest

from firstdose.settings import load_settings
from local.environment import Addresses, product_environment
from local.process_lock import ProcessLock, ProcessLockTaken
from local.state import SOURCE, StateDirectory, StateInUseError


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    with StateDirectory(tmp_path / "state") as state:
        return state


def test_a_second_owner_is_refused_with_one_line_that_names_the_first(tmp_path: Path) -> None:
    with StateDirectory(tmp_path) as owner, pytest.raises(StateInUseError) as refusal, StateDirectory(tmp_path):
        pass
    assert str(refusal.value) == f"A local stack is already running on {owner.path} (process {os.getpid()})."
    with StateDirectory(tmp_path):
        pass


def test_a_refused_owner_does_not_take_the_lock_from_the_first(tmp_path: Path) -> None:
    with StateDirectory(tmp_path):
        for _ in range(2):
            with pytest.raises(StateInUseError), StateDirectory(tmp_path):
                pass


def test_secrets_are_made_once_and_readable_by_their_owner_alone(state: StateDirectory) -> None:
    made = state.secrets()
    assert StateDirectory(state.path).secrets() == made
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in state.path.iterdir())
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert len(base64.b64decode(made.sources[SOURCE].removeprefix("whsec_"))) == 32


def test_the_settings_model_accepts_what_the_children_are_told(state: StateDirectory) -> None:
    addresses = Addresses(
        desk="http://127.0.0.1:1",
        temporal="127.0.0.1:2",
        temporal_ui="http://127.0.0.1:3",
        database="postgresql://127.0.0.1:4/firstdose",
        payer="http://127.0.0.1:5",
        namespace="default",
    )
    told = load_settings(environ=product_environment(state, addresses, desk_port=1))
    assert [len(key) for key in told.key_material().values()] == [32]
    assert set(told.sources) == {SOURCE}
    assert told.billing_url == "http://127.0.0.1:5/receiver/billing"
    assert told.source_callbacks == {SOURCE: f"http://127.0.0.1:5/receiver/sources/{SOURCE}"}
    assert told.oidc_jwks_url is None


async def test_a_lease_cannot_be_taken_while_it_is_held(tmp_path: Path) -> None:
    lease = ProcessLock(tmp_path / "lock")
    async with lease.held(patience=0) as descriptor:
        lease.note(descriptor, 42)
        with pytest.raises(ProcessLockTaken, match="held by process 42"):
            ProcessLock(lease.path).take()
    os.close(lease.take())
