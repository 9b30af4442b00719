"""`firstdose dev`: the local stack in a terminal, until Ctrl-C."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from desk.cli.closed_pipe import PipedConsole
from desk.cli.failure import Failure
from desk.web.local_identities import sign_in_link
from firstdose.settings import load_settings, outer_servers
from local.children import StartFailedError
from local.issuer import NotLoopbackError
from local.ports import PortTakenError
from local.process_lock import ProcessLockTaken
from local.stack import LocalStack, StackOptions
from local.state import KeysMissingError, StateInUseError
from local.temporal_server import NAMESPACE
from simulator.plans import PLANS

SEEDS = Path(__file__).parent / "seed"
_REGISTERS = ("payers", "nurses", "stock")

REFUSALS = (
    KeysMissingError,
    ProcessLockTaken,
    NotLoopbackError,
    PortTakenError,
    StartFailedError,
    StateInUseError,
)
"""What a start may end with instead of a running stack; their text is for the console as it is."""


def dev(*, state: Path | None = None, no_simulator: bool = False, port: int | None = None) -> None:
    """Run the local stack until Ctrl-C.

    Args:
        state: Where everything is kept; .firstdose if not given.
        no_simulator: Without the simulated outside world.
        port: The desk's port; 8080 if free, else another.

    """
    ports = {"desk": port} if port else {}
    options = options_from_settings(state=state, simulator=not no_simulator, ports=ports)
    try:
        asyncio.run(_run(options, PipedConsole(highlight=False, soft_wrap=True)))
    except REFUSALS as refusal:
        raise Failure(str(refusal)) from None


def options_from_settings(*, state: Path | None, simulator: bool, ports: Mapping[str, int]) -> StackOptions:
    """Options that use the servers and the policy which the environment names, and made-up registers.

    Without the simulator its payers are not there to be reached. Raises SettingsError.
    """
    settings, outer = load_settings(), outer_servers()
    namespace = settings.temporal.get("TEMPORAL_NAMESPACE")
    return StackOptions(
        state=state or settings.state,
        simulator=simulator,
        ports=ports,
        database_url=outer.database_url,
        temporal_address=outer.temporal_address,
        namespace=namespace.get_secret_value() if namespace else NAMESPACE,
        policy=settings.policy_file,
        imports={name: SEEDS / f"{name}.yaml" for name in _REGISTERS if simulator or name != "payers"},
        plans=PLANS if simulator else 0,
    )


async def _run(options: StackOptions, console: Console) -> None:
    def say(line: str) -> None:
        console.print(line, markup=False)

    stop_on_signals()
    try:
        async with LocalStack(options, report=say) as stack:
            show_addresses(stack, console)
            console.print("Ready. Ctrl-C stops it; the state stays.")
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("stopped")


def stop_on_signals() -> None:
    """Cancel the running task at Ctrl-C or SIGTERM; a second time the signal does what it always does."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop() -> None:
        for each in signals:
            loop.remove_signal_handler(each)
        if task:
            task.cancel()

    for each in signals:
        loop.add_signal_handler(each, stop)


def show_addresses(stack: LocalStack, console: Console) -> None:
    """Where to look, and with which identities; a link for each signs in at the desk."""
    addresses = stack.addresses
    for name, where in (
        ("Desk", addresses.desk),
        ("Temporal Web UI", addresses.temporal_ui),
        ("Temporal", addresses.temporal),
        ("Payer", addresses.payer),
        ("Tokens", str(stack.state.path / "tokens.json")),
        ("Logs", str(stack.state.logs)),
    ):
        if where:
            console.print(f"{name:16}{where}", markup=False)
    console.print("Sign in at the desk as")
    for user, token in stack.state.read("tokens.json", dict[str, str]()).items():
        console.print(f"  {user:26}{sign_in_link(addresses.desk, user, token)}", markup=False)
