"""How fast the desk acknowledges referrals, against an endpoint on the same server that only keeps the body."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from time import perf_counter
from uuid import uuid4

from bench import referrals
from bench.caller import call_all, request
from bench.figures import Report, median, ratio, rounded, spread
from bench.stage import Stage, set_up
from firstdose.adapters.webhooks import sign
from local.state import SOURCE

_AT_ONCE = 16
_JSON = {"content-type": "application/json"}


async def measure(*, quick: bool) -> Report:
    """Both processes run all the time; their rounds alternate."""
    rounds, number = (2, 100) if quick else (6, 400)
    rates: dict[str, list[float]] = {"desk": [], "bare": []}
    took: dict[str, list[float]] = {"desk": [], "bare": []}
    async with (
        set_up() as stage,
        stage.process("desk", "desk", "serve"),
        stage.process("bare", "bench.bare_endpoint", str(stage.ports["bare"])),
    ):
        body_bytes = len(next(referrals.bodies()))
        for turn in range(rounds + 1):
            for name in rates:
                requests = list(islice(_requests(stage, name), number))
                begun = perf_counter()
                durations = await call_all(stage.ports[name], requests, at_once=_AT_ONCE, expect=202)
                if turn:  # the first round warms up
                    rates[name].append(number / (perf_counter() - begun))
                    took[name] += durations
    return {
        "body_bytes": body_bytes,
        "at_once": _AT_ONCE,
        **{name: {"per_second": median(rates[name]), **spread(took[name])} for name in rates},
        **ratio(rates["desk"], rates["bare"]),
        "p50_times_bare": rounded(spread(took["desk"])["p50_ms"] / spread(took["bare"])["p50_ms"]),
    }


def _requests(stage: Stage, name: str) -> Iterator[bytes]:
    secret = stage.settings.sources[SOURCE][0].get_secret_value()
    path = f"/webhooks/referrals/{SOURCE}" if name == "desk" else "/messages"
    for body in referrals.bodies():
        yield request(path, {**_JSON, **sign(secret, uuid4().hex, datetime.now(UTC), body)}, body)
