"""A server that neither answers nor ends: all of its processes are stopped for a while, as SIGSTOP does it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from local.children import Child


@contextmanager
def frozen(server: Child) -> Iterator[None]:
    """Its connections stay open, and new ones are accepted by the system in its name."""
    assert server.pid
    parent = psutil.Process(server.pid)
    # The parent first: it could make new ones.
    parent.suspend()
    processes = [parent, *parent.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()
