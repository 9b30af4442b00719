"""Stories of an order with two antibiotics, as FHIR and HL7 v2 send it: each has its own lines, up to the visit."""

from datetime import date
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from desk.intake.parse import parse
from firstdose.domain.authorization.lines import LineKind, LineState
from firstdose.domain.referral.facts import outline
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import Outside, says
from tests.process.story import Story

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TODAY = date(2026, 11, 21)
ALL = (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("file", "content_type"),
    [("two-antibiotics.fhir.json", "application/fhir+json"), ("two-antibiotics.hl7", "application/hl7-v2")],
)
async def test_two_antibiotics_go_through_both_lines_to_the_visit(
    env: WorkflowEnvironment, file: str, content_type: str
) -> None:
    body = (EXAMPLES / file).read_bytes()
    referral = parse(content_type, body, today=TODAY).referral
    assert referral is not None
    assert [(one.drug.hcpcs, one.dose) for one in referral.order.medications] == [("J0692", "2 g"), ("J0878", "500 mg")]
    outside = Outside(outline=outline(referral), submissions=[says(LineState.APPROVED, lines=ALL)])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    asked = [(line.kind, line.medication, line.code, line.units) for line in outside.requests[0].lines]
    assert asked == [
        (LineKind.DRUG, 0, "J0692", 168),
        (LineKind.PER_DIEM, 0, "S9502", 14),
        (LineKind.DRUG, 1, "J0878", 21_000),
        (LineKind.PER_DIEM, 1, "S9500", 42),
        (LineKind.NURSING, 0, "99601", 6),
    ]
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}
    assert story.asked(K.PREPARE_THERAPY)[0].asks["lot"] == "L1, L2"
    assert len(story.asked(K.REPORT_VISIT)) == 1
