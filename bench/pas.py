"""How long a request to a PAS payer takes to build, and an answer of 100 KB to read."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from time import perf_counter, thread_time

import orjson

from bench.figures import Report, rounded, spread
from firstdose.adapters.payers.pas.answer import read_answer
from firstdose.adapters.payers.pas.request import submission
from firstdose.domain.authorization.lines import Line, LineState
from firstdose.domain.referral.referral import Document, DocumentKind
from firstdose.payer_ports import PayerCase
from simulator.payer_answer import response_bundle
from simulator.payer_request import read_request
from tests.contract.cases import NOW, US, case, lines, referral

REQUEST_TARGET_MS = 5
ANSWER_TARGET_MS = 20
_ANSWER_BYTES = 100_000
_SCAN = "A" * 1_000_000


async def measure(*, quick: bool) -> Report:
    """In one process and without a wire, one after the other, from and to the bytes that travel.

    As in a worker, whose garbage collector passes over everything that was loaded before it began (workers/run.py); the
    answer once more without that. Processor time too: a busy machine stops whoever works, and that is in the other.

    The request is of three lines with a scanned document of 1 MB. The answer modifies each of as many lines as it
    takes: what was authorized instead has to be found for each.
    """
    times = 20 if quick else 1000
    request, (asked, answer) = _request(), _answer()
    sequences = [line.sequence for line in asked.lines]

    def write() -> None:
        _written(request)

    def read() -> None:
        decided = read_answer(answer, sequences).answer
        assert decided.lines[-1].state is LineState.MODIFIED

    otherwise = _timed(read, times)
    with _frozen():
        written, was_read = _timed(write, times), _timed(read, times)
    return {
        "request": {"target_ms": REQUEST_TARGET_MS, "kb": rounded(len(_written(request)) / 1000), **written},
        "answer": {
            "target_ms": ANSWER_TARGET_MS,
            "kb": rounded(len(answer) / 1000),
            "lines": len(asked.lines),
            **was_read,
            "what_is_loaded_collected_too": otherwise,
        },
    }


def _written(asked: PayerCase) -> bytes:
    return orjson.dumps(submission(asked, US))


def _request() -> PayerCase:
    scan = Document(kind=DocumentKind.CLINICAL_NOTE, content_type="application/pdf", data=_SCAN)
    told = referral()
    return case(referral=told.model_copy(update={"documents": (*told.documents, scan)}))


def _answer() -> tuple[PayerCase, bytes]:
    """The simulated payer's, to a request of so many lines that the answer is large enough."""
    for number in count(50, 10):
        asked = case(lines=tuple(_lines(number)))
        filed = read_request("northstar", submission(asked, US), "modified", NOW)
        answer = orjson.dumps(response_bundle(filed))
        if len(answer) >= _ANSWER_BYTES:
            return asked, answer
    raise AssertionError("no answer is large enough")


def _lines(number: int) -> list[Line]:
    usual = lines()
    return [usual[n % len(usual)].model_copy(update={"sequence": n + 1}) for n in range(number)]


def _timed(work: Callable[[], None], times: int) -> Report:
    took, worked = [], []
    for _ in range(times):
        begun, processor = perf_counter(), thread_time()
        work()
        took.append(perf_counter() - begun)
        worked.append(thread_time() - processor)
    return {**spread(took), "processor": spread(worked)}


@contextmanager
def _frozen() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
