"""How fast the desk acknowledges referrals, against an endpoint on the same server that only keeps the body."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from time import perf_counter
from uuid import uuid4

from bench import referrals
from bench.caller import call_all, request
from bench.figures import Report, median, ratio, rounded, spread
from bench.stage import BenchServers, set_up
from firstdose.adapters.webhooks import sign
from local.state import SOURCE

_AT_ONCE = 16
_JSON = {"content-type": "application/json"}


class IntakeRounds:
    """Of one endpoint: acknowledgements per second of each round, and how long each acknowledgement took."""

    def __init__(self, stage: BenchServers, name: str, number: int) -> None:
        self.rates: list[float] = []
        self._took: list[float] = []
        self._stage, self._name, self._number = stage, name, number

    async def play(self, *, warming_up: bool) -> None:
        requests = list(islice(_requests(self._stage, self._name), self._number))
        begun = perf_counter()
        took = await call_all(self._stage.ports[self._name], requests, at_once=_AT_ONCE, expect=202)
        if not warming_up:
            self.rates.append(self._number / (perf_counter() - begun))
            self._took += took

    def report(self) -> Report:
        return {"per_second": median(self.rates), **spread(self._took)}


async def measure(*, quick: bool) -> Report:
    """`desk` and `bare` alternate; `with_relays` is the desk as it is deployed, which starts workflows meanwhile."""
    rounds, number = (2, 100) if quick else (8, 300)
    desk, bare = await _alternating(rounds, number)
    ours, theirs = desk.report(), bare.report()
    return {
        "body_bytes": len(next(referrals.bodies())),
        "at_once": _AT_ONCE,
        "desk": ours,
        "bare": theirs,
        **ratio(desk.rates, bare.rates),
        "p50_times_bare": rounded(ours["p50_ms"] / theirs["p50_ms"]),
        "with_relays": (await _deployed(number)).report(),
    }


async def _alternating(rounds: int, number: int) -> tuple[IntakeRounds, IntakeRounds]:
    async with (
        set_up() as stage,
        stage.process("desk", "bench.endpoints", "desk", str(stage.ports["desk"])),
        stage.process("bare", "bench.endpoints", "bare", str(stage.ports["bare"])),
    ):
        both = IntakeRounds(stage, "desk", number), IntakeRounds(stage, "bare", number)
        for turn in range(rounds + 1):
            for each in both:
                await each.play(warming_up=turn == 0)
        return both


async def _deployed(number: int) -> IntakeRounds:
    async with set_up() as stage, stage.process("desk", "desk", "serve"):
        desk = IntakeRounds(stage, "desk", number)
        for turn in range(3):
            await desk.play(warming_up=turn == 0)
        return desk


def _requests(stage: BenchServers, name: str) -> Iterator[bytes]:
    secret = stage.settings.sources[SOURCE][0].get_secret_value()
    path = f"/webhooks/referrals/{SOURCE}" if name == "desk" else "/messages"
    for body in referrals.bodies():
        yield request(path, {**_JSON, **sign(secret, uuid4().hex, datetime.now(UTC), body)}, body)
