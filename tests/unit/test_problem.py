"""What each problem says about a request to a payer. The codes are spelled out: histories and the audit hold them."""

from collections.abc import Iterator
from itertools import chain

import pytest

from firstdose.domain.problem import CallOutcome, ProblemCode

CHANNEL_SHUT = {
    "payer_not_electronic",
    "payer_outage",
    "payer_address_wrong",
    "payer_credential_missing",
    "value_cannot_be_sent",
    "family_name_cannot_be_sent",
    "given_name_cannot_be_sent",
    "subscriber_name_cannot_be_sent",
    "prescriber_name_cannot_be_sent",
    "member_id_cannot_be_sent",
    "order_text_cannot_be_sent",
}
NOT_CONNECTED = {"payer_not_connected"}
NOTHING_SENT = {
    "payer_crowded",
    "payer_rate_limit",
    "request_under_way",
    "no_line_to_submit",
    "no_coverage",
    "documents_not_electronic",
    "no_document_to_send",
    "database_unavailable",
    "database_full",
}
NO_ANSWER = {"payer_timed_out", "payer_unreachable", "payer_failed", "payer_system_down"}
ANSWERED = {
    "payer_busy",
    "payer_moved",
    "payer_answers_later",
    "payer_refused_request",
    "inquiry_not_offered",
    "payer_refused_credentials",
    "cancellation_not_confirmed",
    "unreadable_answer",
    "eligibility_not_told",
    "another_payer_named",
    "several_plans_answered",
    "coverage_not_on_that_day",
    "service_not_covered",
    "benefit_used_up",
    "answer_for_another_request",
    "answer_for_another_patient",
}
SAYS_NOTHING = {
    "database_read_only",
    "store_is_ahead",
    "store_too_slow",
    "unknown_referral",
    "referral_shredded",
    "unknown_contact",
    "no_such_contact",
    "trace_number_in_use",
    "unknown_nurse",
    "key_holds_another_visit",
    "mail_server_away",
    "receiver_away",
    "receiver_gone",
    "receiver_refused",
    "issuer_away",
    "temporal_unavailable",
    "failed",
}
ALL = [CHANNEL_SHUT, NOT_CONNECTED, NOTHING_SENT, NO_ANSWER, ANSWERED, SAYS_NOTHING]


def codes(of: Iterator[ProblemCode]) -> set[str]:
    return {problem.value for problem in of}


def test_the_codes_are_these_and_each_is_of_one_kind() -> None:
    assert codes(iter(ProblemCode)) == set().union(*ALL)
    assert len(list(chain(*ALL))) == len(ProblemCode)


def test_what_the_payer_surely_does_not_have() -> None:
    sure = codes(problem for problem in ProblemCode if not problem.payer_may_have_it)
    assert sure == CHANNEL_SHUT | NOT_CONNECTED | NOTHING_SENT


def test_what_another_channel_may_carry() -> None:
    assert codes(problem for problem in ProblemCode if problem.another_channel) == CHANNEL_SHUT | NOT_CONNECTED


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (CallOutcome.FAILED, NOT_CONNECTED | NO_ANSWER),
        (CallOutcome.ANSWERED, ANSWERED),
        (CallOutcome.UNTOLD, CHANNEL_SHUT | NOTHING_SENT | SAYS_NOTHING),
    ],
)
def test_what_counts_against_the_payers_health(outcome: CallOutcome, expected: set[str]) -> None:
    assert codes(problem for problem in ProblemCode if problem.outcome is outcome) == expected


def test_who_is_asked_to_wait() -> None:
    assert codes(problem for problem in ProblemCode if problem.asks_all_to_wait) == {"payer_busy", "payer_failed"}


@pytest.mark.parametrize("problem", ProblemCode)
def test_no_request_goes_elsewhere_that_the_payer_may_have(problem: ProblemCode) -> None:
    assert not (problem.another_channel and problem.payer_may_have_it)
