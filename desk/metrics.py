"""The desk's metrics. Labels are enumerated values only: never an id, a path or a text from outside."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Histogram(
    "firstdose_http_request_seconds", "Requests answered, by route and status", ("method", "route", "status")
)
INTAKE: Final = Counter("firstdose_intake_messages", "Messages of referral sources", ("outcome",))
MESSAGES: Final = Counter("firstdose_messages_delivered", "Deliveries to workflows", ("kind", "outcome"))
DELIVERIES: Final = Counter("firstdose_deliveries_sent", "Deliveries to the outside", ("channel", "outcome"))
UNDELIVERED: Final = Gauge("firstdose_undelivered", "Parked messages and given up deliveries", ("what",))
STALLED: Final = Gauge(
    "firstdose_stalled_referrals", "Referrals that stand still and do not mend themselves", ("kind",)
)
ANSWERS: Final = Gauge("firstdose_dependency_answers", "1 if it answered the last check, else 0", ("dependency",))
DIFFERENCES: Final = Gauge(
    "firstdose_differences", "Referrals where store and workflow differed at the last look", ("outcome",)
)
REFUSALS: Final = Counter("firstdose_access_refused", "Requests refused or for what is not there", ("route", "status"))
FOREIGN_ANSWERS: Final = Gauge(
    "firstdose_payer_answers_refused", "Payers' answers kept apart, for they are about another", ("problem",)
)
IN_WORK: Final = Gauge("firstdose_http_requests_in_work", "Requests in work, by budget", ("budget",))
REFUSED: Final = Counter("firstdose_http_requests_refused", "Requests that a full budget refused or ended", ("budget",))
