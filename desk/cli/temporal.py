"""Commands that speak to Temporal: connected like every process, ended without the interpreter's shutdown."""

import sys
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, NoReturn

from temporalio.client import Client
from temporalio.service import RPCError

from desk.cli.closed_pipe import ended_by_reader
from desk.cli.failure import Failure, Unreachable, report
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.process import one_shot
from firstdose.adapters.search_attributes import SearchAttributeMismatch, SearchAttributesMissing
from firstdose.adapters.temporal import PATIENCE, TemporalUnreachable, connect, connect_config
from firstdose.settings import Settings


async def connected(settings: Settings, keyring: Keyring, *, patience: timedelta = PATIENCE) -> Client:
    """Raises Unreachable."""
    try:
        return await connect(settings, keyring, identity="firstdose-cli", patience=patience)
    except TemporalUnreachable:
        where = connect_config(settings).get("target_host")
        raise Unreachable(f"Temporal at {where} does not answer: look at TEMPORAL_ADDRESS and at the server") from None


def run(command: Coroutine[Any, Any, int]) -> NoReturn:
    """Run the command and exit with its code; a Failure ends it in one line."""
    one_shot(_reported(command))


async def _reported(command: Coroutine[Any, Any, int]) -> int:
    try:
        code = await command
        sys.stdout.flush()
        return code
    except Failure as failure:
        return report(failure)
    except BrokenPipeError:
        return ended_by_reader()
    except SearchAttributeMismatch as error:
        return report(Failure(f"{error}: remove them from the namespace, or use another namespace"))
    except SearchAttributesMissing as error:
        return report(Failure(str(error)))
    except RPCError as error:
        return report(
            Failure(f"Temporal refused ({error.status.name.lower()}): look at TEMPORAL_NAMESPACE and its rights")
        )
