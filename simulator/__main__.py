"""`python -m simulator`: the whole outside world; `python -m simulator payer`: the payers alone."""

import asyncio
import json
import logging
from pathlib import Path

from cyclopts import App

from simulator.pace import DEMO_SPEED, Pace
from simulator.payer import serve_payer
from simulator.people import People
from simulator.source import SimulatedSource
from simulator.staff_api import StaffApi, desk_client

app = App(name="simulator", help="The simulated outside world of FirstDose.", version_flags=())


@app.default
def world(
    *,
    payer_port: int,
    desk: str,
    tokens: Path,
    sources: Path | None = None,
    speed: float = DEMO_SPEED,
    payer_state: Path | None = None,
    seed: int = 1,
) -> None:
    """Payers, patients, staff and referral sources.

    Args:
        payer_port: Where the payers answer.
        desk: The address of the desk.
        tokens: A staff token for each role, JSON.
        sources: The webhook secret of each referral source, JSON; without it no source speaks.
        speed: Simulated time per real time.
        payer_state: What the payers know, kept in this file.
        seed: Another one makes people take longer or shorter.

    """
    logging.basicConfig(level=logging.WARNING)
    secrets = json.loads(sources.read_text()) if sources else {}
    pace = Pace(speed=speed, seed=seed)
    asyncio.run(_world(payer_port, payer_state, desk, json.loads(tokens.read_text()), secrets, pace))


@app.command
def payer(*, port: int, speed: float = DEMO_SPEED, state: Path | None = None, seed: int | None = None) -> None:
    """The payers alone.

    Args:
        port: Where they answer: /fhir/<payer>, /x12/<payer>, and /recorder.
        speed: Simulated time per real time.
        state: What the payers know, kept in this file.
        seed: Over FHIR, members in no scenario get any of them, always the same; without it they are approved.

    """
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve_payer(port, speed=speed, state_file=state, seed=seed))


async def _world(
    payer_port: int, payer_state: Path | None, desk: str, tokens: dict[str, str], secrets: dict[str, str], pace: Pace
) -> None:
    async with desk_client(desk) as http:
        sources = {name: SimulatedSource(http, name, secret) for name, secret in secrets.items()}
        people = People(StaffApi(http, tokens), pace, sources)
        playing = asyncio.create_task(people.run())
        serving = asyncio.create_task(serve_payer(payer_port, speed=pace.speed, state_file=payer_state))
        ended, _ = await asyncio.wait((playing, serving), return_when=asyncio.FIRST_COMPLETED)
        for task in (playing, serving):
            task.cancel()
        await asyncio.gather(playing, serving, return_exceptions=True)
        for task in ended:
            task.result()


if __name__ == "__main__":
    app()
