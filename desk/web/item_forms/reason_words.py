"""Why the process asks, in words, where its reason is a code of the process's own."""

from collections.abc import Mapping
from typing import Final

from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE

REASONS: Final[Mapping[str, str]] = {
    POSSIBLE_DUPLICATE: "The referral may have come twice",
    "denied": "The payer said no",
    "drug_unavailable": "Our stock does not have the drug",
    "drug_unobtainable": "The drug cannot be had",
    "drug_without_code": "A drug of the order has no code, so stock cannot be looked at",
    "facts_unobtainable": "Facts are missing that cannot be had",
    "loop_ended": "The same was asked again and again, and nothing changed",
    "no_license": "We have no license for the patient’s state",
    "nursing_denied": "The payer does not pay for nursing",
    "override_ended": "The time of the override is over, and the payer has not decided",
    "responsibility": "The patient wants help with what they pay",
    "start_not_confirmed": "The patient was called, and the start is not confirmed",
    "visit_not_possible": "No nurse can be found for the visit",
}
