"""The simulated payer's X12 endpoint, `POST /x12/{payer}`: 270 and 278, by the same scripts as its FHIR endpoints.

Takes an interchange as a plain body or in a CAQH CORE form, and answers in kind.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.payer_book import Delivered, PayerBook
from simulator.payer_fault import misbehaving
from simulator.scenario import Fault, Misbehavior, Scenario, ScenarioRequest, scenario_of
from simulator.x12_answer import eligibility_answer, review_answer, unknown_request
from simulator.x12_message import Malformed, ReceivedX12, answered, read, rejected

_TRACE = re.compile(rb"[0-9a-f]{32}", re.IGNORECASE)
_SOMEBODY_ELSES = b"0" * 32
_FIELD = re.compile(rb'name="(\w+)"\r\n\r\n(.*?)\r\n--', re.DOTALL)


class Form(NamedTuple):
    """How the interchange came."""

    interchange: bytes
    core: bool


def x12_route(book: PayerBook) -> Route:
    return Route("/x12/{payer}", partial(_exchange, book), methods=["POST"])


async def _exchange(book: PayerBook, request: Request) -> Response:
    form = _form(await request.body(), request.headers.get("content-type", ""))
    try:
        asked = read(form.interchange)
        said, fault = _answer(book, request.path_params["payer"], asked)
    except Malformed:
        return _enveloped(rejected(form.interchange, book.clock()), core=form.core)
    return await _behaving(fault, lambda: answered(asked, said(), book.clock()), core=form.core)


def _answer(book: PayerBook, payer: str, asked: ReceivedX12) -> tuple[Callable[[], list[str]], Fault | None]:
    """What makes the answer's segments, and how its delivery fails."""
    scenario = scenario_of(asked.member_id)
    match asked.code, asked.purpose:
        case "270", _:
            book.count(Delivered(what="eligibility", name=asked.trace))
            script = scenario.payer.eligibility
            return lambda: eligibility_answer(asked, script), _fault(
                book, payer, asked, scenario, ScenarioRequest.ELIGIBILITY
            )
        case "278", "28":
            book.count(Delivered(what="inquiries", name=asked.trace))
            return partial(_found, book, payer, asked), _fault(book, payer, asked, scenario, ScenarioRequest.INQUIRE)
        case "278", "13" if asked.services:
            request = asked.filed(payer, scenario.name, book.clock())
            return lambda: review_answer(asked, book.file(request)), _fault(
                book, payer, asked, scenario, ScenarioRequest.SUBMIT
            )
    raise Malformed


def _found(book: PayerBook, payer: str, asked: ReceivedX12) -> list[str]:
    book.decide_due()
    filed = book.filed.get((payer, asked.trace))
    return review_answer(asked, filed) if filed else unknown_request(asked)


def _fault(book: PayerBook, payer: str, asked: ReceivedX12, scenario: Scenario, what: ScenarioRequest) -> Fault | None:
    return book.fault(payer, asked.trace, scenario, what)


async def _behaving(fault: Fault | None, answer: Callable[[], bytes], *, core: bool) -> Response:
    """The answer, or what becomes of it; except after a server error the payer has taken the request."""
    match fault.fault if fault else None:
        case None:
            return _enveloped(answer(), core=core)
        case Misbehavior.SLOW if fault:
            said = answer()
            await asyncio.sleep(fault.seconds)
            return _enveloped(said, core=core)
        case Misbehavior.TRUNCATED_JSON:
            said = answer()
            return _enveloped(said[: len(said) // 2], core=core)
        case Misbehavior.WRONG_TRACE:
            return _enveloped(_TRACE.sub(_SOMEBODY_ELSES, answer()), core=core)

    async def taken() -> dict[str, object]:
        answer()
        return {}

    return await misbehaving(fault, taken)


def _form(body: bytes, content_type: str) -> Form:
    if not content_type.startswith("multipart/"):
        return Form(body, core=False)
    return Form(dict(_FIELD.findall(body)).get(b"Payload", b""), core=True)


def _enveloped(interchange: bytes, *, core: bool) -> Response:
    if not core:
        return Response(interchange, media_type="application/edi-x12")
    parts = [("ProcessingMode", b"RealTime"), ("ErrorCode", b"Success"), ("Payload", interchange)]
    lines = [
        b'--sim\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in parts
    ]
    return Response(b"".join([*lines, b"--sim--\r\n"]), media_type="multipart/form-data; boundary=sim")
