"""The ports' errors, told to Temporal once: never again, or again when the other side says."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from firstdose.ports import Impossible, Unavailable


@contextmanager
def told_to_temporal() -> Iterator[None]:
    """Raise port errors as Temporal failures that carry the problem's code and nothing of the cause."""
    try:
        yield
    except Impossible as error:
        raise ApplicationError(error.problem, type=error.problem, non_retryable=True) from None
    except Unavailable as error:
        raise ApplicationError(error.problem, type=error.problem, next_retry_delay=error.retry_after) from None
