"""What may be answered to each kind of work item, as a table for docs/work-items.md: made from the models."""

import json
from collections.abc import Mapping
from typing import Any, Final

from firstdose.domain.care.visit import ReportItem
from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind

Body = dict[str, Any]

_TOLD: Final = {"told_by": "A. Clerk", "told_at": "2026-12-01T15:00:00Z"}
_LINES: Final = [{"sequence": 1, "state": "approved", "number": "A1"}]
_VISIT: Final = {"visit_at": "2026-12-03T15:00:00Z"}

SMALLEST: Final[Mapping[WorkItemKind, Body]] = {
    WorkItemKind.VERIFY_BENEFITS: {"outcome": "answered", "benefits": {"status": "active"}},
    WorkItemKind.SUBMIT_AUTHORIZATION: {"outcome": "answered", "lines": _LINES, **_TOLD},
    WorkItemKind.FOLLOW_UP_PAYER: {"outcome": "answered", "lines": _LINES, **_TOLD},
    WorkItemKind.REVIEW_DECISION: {"outcome": "decided", "lines": _LINES, **_TOLD},
    WorkItemKind.PEER_TO_PEER: {"outcome": "overturned", "lines": _LINES, **_TOLD},
    WorkItemKind.VOID_AUTHORIZATION: {"outcome": "voided", "reference": "V1", **_TOLD},
    WorkItemKind.REVIEW_BENEFITS: {"outcome": "accepted", "agreement_signed": True},
    WorkItemKind.PREPARE_THERAPY: {"outcome": "ready", "beyond_use": "2026-12-15T15:00:00Z"},
    WorkItemKind.PLACE_VISIT: {"outcome": "placed", "nurse": "rn-1", **_VISIT},
    WorkItemKind.CONFIRM_VISIT: {"outcome": "accepted", **_VISIT},
    WorkItemKind.CONFIRM_START: {"outcome": "started", "started_at": "2026-12-01T15:00:00Z"},
    WorkItemKind.REPORT_VISIT: {"outcome": "completed", "items": [str(each) for each in ReportItem]},
}
"""The smallest answer by which the process goes on; of every other kind the first outcome alone is enough."""


def smallest_answer(kind: WorkItemKind) -> Body:
    return SMALLEST.get(kind) or {"outcome": outcomes(kind)[0]}


def outcomes(kind: WorkItemKind) -> tuple[str, ...]:
    """The outcomes that the kind's model knows; an item may offer fewer."""
    schema = OF_KIND[kind].model_json_schema()
    outcome = schema["properties"]["outcome"]
    if "$ref" in outcome:
        outcome = schema["$defs"][outcome["$ref"].rpartition("/")[2]]
    return tuple(outcome.get("enum", (outcome.get("const"),)))


def work_items_table() -> str:
    """A row for each kind of work item, in Markdown."""
    lines = ["| kind | role | outcomes | other fields | smallest answer |", "|---|---|---|---|---|"]
    for kind in WorkItemKind:
        fields = [name for name in OF_KIND[kind].model_json_schema()["properties"] if name not in ("outcome", "note")]
        body = json.dumps(smallest_answer(kind), ensure_ascii=False)
        cells = (f"`{kind}`", ROLE_OF[kind], _listed(outcomes(kind)), _listed(fields), f"`{body}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
