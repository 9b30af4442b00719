"""`python -m bench [NAME…] [--quick]`: measures, and prints one JSON document; progress goes to stderr."""

import argparse
import json
import sys
from datetime import UTC, datetime
from importlib import import_module
from time import monotonic

from bench.machine import described
from firstdose.adapters.process import one_shot
from local.children import StartFailedError

MEASUREMENTS = {
    "cli": "bench.cli_start",
    "plans": "bench.plans",
    "pas": "bench.pas",
    "intake": "bench.intake",
    "fhir_intake": "bench.fhir_intake",
    "hl7v2_intake": "bench.hl7v2_intake",
    "history": "bench.history",
    "waiting_days": "bench.waiting_days",
    "throughput": "bench.throughput",
    "waiting": "bench.waiting",
    "slow_payer": "bench.slow_payer",
    "worklist": "bench.worklist",
}


def main() -> None:
    asked = argparse.ArgumentParser(prog="bench", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; all if none is named")
    asked.add_argument("--quick", action="store_true", help="smaller numbers: does it run, not how well")
    arguments = asked.parse_args()
    if unknown := set(arguments.names) - set(MEASUREMENTS):
        asked.error(f"no measurement {', '.join(sorted(unknown))}")
    one_shot(_run(arguments.names or list(MEASUREMENTS), quick=arguments.quick))


async def _run(names: list[str], *, quick: bool) -> int:
    document = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "quick": quick, "machine": described()}
    for name in names:
        begun = monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            document[name] = await import_module(MEASUREMENTS[name]).measure(quick=quick)
        except StartFailedError as refusal:
            print(refusal, file=sys.stderr)
            return 1
        print(f"{name}: {monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    print(json.dumps(document, indent=2))
    return 0


if __name__ == "__main__":
    main()
