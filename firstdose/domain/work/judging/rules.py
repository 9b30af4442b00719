"""Which rules judge which kind of work item. A kind that is not here is judged by its shape alone."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from firstdose.domain.work.judging.context import Judged
from firstdose.domain.work.judging.coverage import judge_benefits
from firstdose.domain.work.judging.payer_word import judge_answered, judge_review, judge_void
from firstdose.domain.work.judging.start import judge_start
from firstdose.domain.work.judging.therapy import judge_prepared
from firstdose.domain.work.judging.visits import judge_accepted, judge_placed, judge_report
from firstdose.domain.work.work_item import WorkItemKind

Rule = Callable[[Any, Judged], None]
"""Of a resolution of the kind's type. Raises Refused."""

RULES: Final[Mapping[WorkItemKind, Rule]] = {
    WorkItemKind.VERIFY_BENEFITS: judge_benefits,
    WorkItemKind.SUBMIT_AUTHORIZATION: judge_answered,
    WorkItemKind.FOLLOW_UP_PAYER: judge_answered,
    WorkItemKind.REVIEW_DECISION: judge_review,
    WorkItemKind.PEER_TO_PEER: judge_answered,
    WorkItemKind.VOID_AUTHORIZATION: judge_void,
    WorkItemKind.PREPARE_THERAPY: judge_prepared,
    WorkItemKind.PLACE_VISIT: judge_placed,
    WorkItemKind.CONFIRM_VISIT: judge_accepted,
    WorkItemKind.REPORT_VISIT: judge_report,
    WorkItemKind.CONFIRM_START: judge_start,
}
