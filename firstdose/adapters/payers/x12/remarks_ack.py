"""Why a receiver rejects our interchange, as remarks: TA1 (the envelope) and 999 (the transaction in it)."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from firstdose.adapters.payers.x12.envelope import Interchange
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.adapters.payers.x12.values import short_text
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark, RemarkKind

_CODES_AT: Final = {"TA1": (5,), "IK3": (4,), "IK4": (3,), "IK5": (2, 3, 4, 5, 6), "AK9": (5, 6, 7, 8, 9)}
"""Where the error codes stand."""
_NO_ERROR: Final = "000"


def remarks_of_acknowledgement(interchange: Interchange) -> tuple[PayerRemark, ...]:
    """Each error with the segment that it is in; what the receiver repeats of our data is left out."""
    segments = [*interchange.acknowledgements, *(one for each in interchange.transactions for one in each.segments)]
    return tuple(islice(_remarks(segments), MOST_REMARKS))


def _remarks(segments: list[Segment]) -> Iterator[PayerRemark]:
    about: tuple[str, ...] = ()
    for one in segments:
        if one.tag == "IK3":
            about = tuple(filter(None, [short_text(one.value(1), 5)]))
        for place in _CODES_AT.get(one.tag, ()):
            code = short_text(one.value(place), 5)
            if code and code != _NO_ERROR:
                where = f"{one.tag}{place:02}"
                segment = about if one.tag in ("IK3", "IK4") else ()
                yield PayerRemark(kind=RemarkKind.REJECTED, where=where, code=code, about=segment)
