"""`firstdose demo`: the whole process on this machine, with a simulated outside world, until each referral's end."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated

from cyclopts import Parameter, validators
from rich.console import Console

from desk.cli.closed_pipe import PipedConsole
from desk.cli.failure import DONE, FAILED, Failure
from firstdose.domain.referral.source_message import MessageType
from firstdose.domain.work.stage import Stage
from local.board import Board, BoardRow, minutes
from local.demo_state import fresh_state
from local.dev import REFUSALS, options_from_settings, show_addresses, stop_on_signals
from local.left_open import leave_one_open, what_waits
from local.stack import LocalStack, StackOptions
from local.state import SOURCE
from simulator.pace import DEMO_SPEED
from simulator.plans import for_the_demo, made_up_plans
from simulator.referrals import make_referral, scenarios_in_turn
from simulator.source import SimulatedSource
from simulator.staff_api import DeskAway, DeskRefused, StaffApi, desk_client

SCENARIOS = (
    "approved",
    "pended_three_days",
    "information_requested",
    "denied_appealed_approved",
    "denied_and_closed",
    "missing_facts",
    "unreachable_patient",
    "home_unsafe_suite",
    "nurse_declines",
    "cancelled_midway",
)
"""What becomes of the first referral, of the second, …, and again from the first."""

_LOOK_EVERY = 0.3
_STUCK_AFTER = 180.0
"""Seconds without any news after which the demo gives up."""


def demo(
    *,
    referrals: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1000))] = 10,
    exit_when_done: Annotated[bool, Parameter(name="--exit")] = False,
    speed: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=20))] = 1.0,
) -> int:
    """Run the whole process here, with a simulated outside world.

    Args:
        referrals: How many; they go through the ten scenarios in turn.
        exit_when_done: Stop when all have ended; the exit code says whether each ended as its scenario says.
        speed: 2 is twice as fast; at 1 a simulated day takes two seconds.

    """
    usual = options_from_settings(state=None, simulator=True, ports={})
    options = replace(usual, state=usual.state / "demo", speed=DEMO_SPEED * speed)
    console = PipedConsole(highlight=False, soft_wrap=True)
    try:
        return asyncio.run(_run(options, speed, referrals, console, exit_when_done=exit_when_done))
    except (*REFUSALS, DeskAway, DeskRefused) as refusal:
        raise Failure(str(refusal)) from None


async def _run(options: StackOptions, speed: float, count: int, console: Console, *, exit_when_done: bool) -> int:
    stop_on_signals()
    code, begun = FAILED, monotonic()
    try:
        options = await fresh_state(options, speed)
        async with LocalStack(options, report=lambda line: console.print(line, markup=False)) as stack:
            show_addresses(stack, console)
            secret = stack.state.read("sources.json", dict[str, str]())[SOURCE]
            left = None if exit_when_done else await leave_one_open(stack.addresses.desk, secret)
            entries = [entry async for entry in _played(stack, count, console)]
            code = _judge(entries, begun, console)
            if left:
                tokens = stack.state.read("tokens.json", dict[str, str]())
                show_addresses(stack, console)
                console.print(await what_waits(stack.addresses.desk, tokens, left), markup=False)
                console.print("The stack goes on. Ctrl-C stops it.")
                await asyncio.Event().wait()
    except asyncio.CancelledError:
        console.print("stopped")
    return code


async def _played(stack: LocalStack, count: int, console: Console) -> AsyncIterator[BoardRow]:
    """Send the referrals and follow them; each is handed over as all have ended, or nothing moves any more."""
    async with desk_client(stack.addresses.desk) as http:
        api = StaffApi(http, stack.state.read("tokens.json", dict[str, str]()))
        source = SimulatedSource(http, SOURCE, stack.state.read("sources.json", dict[str, str]())[SOURCE])
        plans = for_the_demo(made_up_plans(payer_url=str(stack.addresses.payer)))
        sent = await _send(source, count, plans)
        with Board(sent.values(), console) as board:
            await _follow(api, sent, board)
        for entry in sent.values():
            yield entry


async def _send(source: SimulatedSource, count: int, plans: Sequence[Mapping[str, str]]) -> dict[str, BoardRow]:
    """The referrals by their id; every other patient's plan is one of these."""
    run = f"DEMO-{datetime.now(UTC):%Y%m%d%H%M%S}"
    sent: dict[str, BoardRow] = {}
    for number, scenario in enumerate(scenarios_in_turn(SCENARIOS, count), start=1):
        plan = plans[number % len(plans)] if number % 2 == 0 else None
        referral = make_referral(scenario, number, run=run, plan=plan)
        referral_id = await source.send(MessageType.RECEIVED, referral, f"{run}-{number}")
        sent[referral_id] = BoardRow(scenario, sent_at=monotonic())
    return sent


async def _follow(api: StaffApi, sent: dict[str, BoardRow], board: Board) -> None:
    news_at = monotonic()
    while any(entry.ended_at is None for entry in sent.values()) and monotonic() - news_at < _STUCK_AFTER:
        await asyncio.sleep(_LOOK_EVERY)
        try:
            rows = {row.id: row for row in await api.referrals()}
        except DeskAway:  # it is started again
            continue
        for referral_id, entry in sent.items():
            if referral_id in rows and entry.learn(rows[referral_id], monotonic()):
                news_at = monotonic()
                board.tell(entry)


def _judge(entries: list[BoardRow], begun: float, console: Console) -> int:
    good = [entry for entry in entries if entry.as_expected]
    for entry in entries:
        if entry not in good:
            wanted = entry.scenario.expect
            console.print(
                f"{entry.scenario.name} is {entry.stage} ({entry.closing}), not {wanted.stage} ({wanted.closing})"
            )
    on_service = [entry.ended_at for entry in entries if entry.ended_at and entry.stage == Stage.ON_SERVICE]
    first = f"; the first was on service after {minutes(min(on_service) - begun)}" if on_service else ""
    console.print(
        f"{len(good)} of {len(entries)} ended as their scenarios say, in {minutes(monotonic() - begun)}{first}."
    )
    return DONE if len(good) == len(entries) else FAILED
