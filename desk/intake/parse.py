"""A source's bytes become a message: the content type says how to read them."""

import re
from collections.abc import Callable
from datetime import date

from desk.intake.fhir import read_fhir
from desk.intake.hl7v2 import read_hl7v2
from desk.intake.json_referral import read_json
from desk.intake.message import ParsedMessage
from desk.intake.problems import UnsupportedType

_READERS: dict[str, Callable[..., ParsedMessage]] = {
    "application/json": read_json,
    "application/fhir+json": read_fhir,
    "application/hl7-v2": read_hl7v2,
}
_GZIP = b"\x1f\x8b"
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]*)", re.IGNORECASE)


def parse(content_type: str, body: bytes, *, today: date) -> ParsedMessage:
    """What the source says; `today` is the day by which dates lie in the future.

    Raises:
        UnsupportedType: none of the three content types, a compressed body, or JSON in another character set.
        Unparseable: not what the content type promises, or hostile.
        Invalid: a wrong type or an impossible value, by path and without the value.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    reader = _READERS.get(media_type)
    if reader is None:
        raise UnsupportedType(f"send one of {', '.join(_READERS)}")
    if body.startswith(_GZIP):
        raise UnsupportedType("the body is compressed with gzip: send it as it is")
    charset = _CHARSET.search(content_type)
    if media_type.endswith("json") and charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise UnsupportedType("send JSON in UTF-8")
    if reader is read_hl7v2 and charset:
        return read_hl7v2(body, today=today, charset=charset[1])
    return reader(body, today=today)
