"""How a process that used Temporal ends honestly."""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

import structlog

from firstdose.settings import SettingsError

log = structlog.get_logger(__name__)

_INTERRUPTED = 130


def one_shot(main: Coroutine[Any, Any, int]) -> NoReturn:
    """Run `main` and exit with the code it returns, 1 after an error, 130 after Ctrl-C.

    Never by way of interpreter shutdown: temporalio can abort there (sdk-python#300) and turn success into exit 134.
    """
    code = 1
    try:
        code = asyncio.run(main)
    except SettingsError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except Exception:
        log.exception("process_failed")
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
