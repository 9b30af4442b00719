"""What we write, read by somebody else's reader: pyx12 finds the same segments and counts the envelopes right."""

from collections.abc import Callable
from io import StringIO

import pytest
from pyx12.x12file import X12Reader

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.x12.eligibility_270 import inquiry as eligibility_inquiry
from firstdose.adapters.payers.x12.envelope import (
    ELIGIBILITY,
    REVIEW,
    REVIEW_INQUIRY,
    InterchangeAddress,
    TransactionType,
    write_interchange,
)
from firstdose.adapters.payers.x12.request_278 import inquiry, submission
from firstdose.adapters.payers.x12.segments import Segment, read
from firstdose.domain.authorization.lines import Certification
from firstdose.payer_ports import PayerCase
from tests.contract.cases import NOW, US, case, lines
from tests.unit.x12_wire import interchange

Write = Callable[[PayerCase, Requestor], list[Segment]]


def found_by_pyx12(raw: bytes) -> tuple[list[list[str]], list[object]]:
    """Each segment's tag and elements as it reads them, and the errors that it finds."""
    reader = X12Reader(StringIO(raw.decode("ascii")))
    errors: list[object] = []
    told = []
    for one in reader:
        told.append([one.get_seg_id(), *(element.format() for element in one.elements)])
        errors += reader.pop_errors()
    reader.cleanup()
    return told, errors + reader.pop_errors()


def found_by_us(raw: bytes) -> list[list[str]]:
    return [
        [one.tag, *("^".join(":".join(parts) for parts in element) for element in one.elements)] for one in read(raw)
    ]


@pytest.mark.parametrize(
    ("kind", "write"), [(ELIGIBILITY, eligibility_inquiry), (REVIEW, submission), (REVIEW_INQUIRY, inquiry)]
)
@pytest.mark.parametrize("certification", list(Certification))
def test_another_reader_finds_what_we_wrote_and_no_error(
    kind: TransactionType, write: Write, certification: Certification
) -> None:
    body = write(case(lines=lines(certification=certification), previous_trace="a" * 32), US)
    raw = write_interchange(kind, body, InterchangeAddress("US", "THEM"), 42, NOW)
    told, errors = found_by_pyx12(raw)
    assert errors == []
    assert told[1:] == found_by_us(raw)[1:]  # of the ISA it keeps the blanks


def test_the_oracle_sees_a_wrong_count() -> None:
    raw = interchange("271", ["BHT*0022*11*T1", "EB*1**30^42*****HC:J3370"])
    assert found_by_pyx12(raw)[1] == []
    assert found_by_pyx12(raw.replace(b"SE*4", b"SE*5"))[1] != []
    assert found_by_pyx12(raw)[0][1:] == found_by_us(raw)[1:]
