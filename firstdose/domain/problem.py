"""What can go wrong with the outside, as codes, and what each code says about a request to a payer.

The codes stand in Temporal's histories, the audit and work items: none is ever renamed.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class CallOutcome(StrEnum):
    """What a request tells about the payer's health."""

    ANSWERED = "answered"
    """Whatever the answer was: a refusal is a sign of life."""
    FAILED = "failed"
    UNTOLD = "untold"
    """It did not get as far as the payer, or nobody waited for the answer."""


class ProblemCode(StrEnum):
    """Why the outside did not do what was asked."""

    # A request to a payer
    PAYER_NOT_ELECTRONIC = "payer_not_electronic"
    PAYER_OUTAGE = "payer_outage"
    PAYER_NOT_CONNECTED = "payer_not_connected"
    PAYER_ADDRESS_WRONG = "payer_address_wrong"
    PAYER_CREDENTIAL_MISSING = "payer_credential_missing"
    VALUE_CANNOT_BE_SENT = "value_cannot_be_sent"
    FAMILY_NAME_CANNOT_BE_SENT = "family_name_cannot_be_sent"
    GIVEN_NAME_CANNOT_BE_SENT = "given_name_cannot_be_sent"
    SUBSCRIBER_NAME_CANNOT_BE_SENT = "subscriber_name_cannot_be_sent"
    PRESCRIBER_NAME_CANNOT_BE_SENT = "prescriber_name_cannot_be_sent"
    MEMBER_ID_CANNOT_BE_SENT = "member_id_cannot_be_sent"
    ORDER_TEXT_CANNOT_BE_SENT = "order_text_cannot_be_sent"
    """Drug, dose, route and frequency in words."""
    PAYER_CROWDED = "payer_crowded"
    PAYER_RATE_LIMIT = "payer_rate_limit"
    REQUEST_UNDER_WAY = "request_under_way"
    NO_LINE_TO_SUBMIT = "no_line_to_submit"
    NO_COVERAGE = "no_coverage"
    DOCUMENTS_NOT_ELECTRONIC = "documents_not_electronic"
    NO_DOCUMENT_TO_SEND = "no_document_to_send"
    PAYER_TIMED_OUT = "payer_timed_out"
    PAYER_UNREACHABLE = "payer_unreachable"
    PAYER_FAILED = "payer_failed"
    PAYER_SYSTEM_DOWN = "payer_system_down"
    UNREADABLE_ANSWER = "unreadable_answer"
    PAYER_BUSY = "payer_busy"
    PAYER_MOVED = "payer_moved"
    PAYER_ANSWERS_LATER = "payer_answers_later"
    PAYER_REFUSED_REQUEST = "payer_refused_request"
    INQUIRY_NOT_OFFERED = "inquiry_not_offered"
    """The payer cannot be asked by this channel what became of a request."""
    PAYER_REFUSED_CREDENTIALS = "payer_refused_credentials"
    CANCELLATION_NOT_CONFIRMED = "cancellation_not_confirmed"
    ELIGIBILITY_NOT_TOLD = "eligibility_not_told"
    ANOTHER_PAYER_NAMED = "another_payer_named"
    SEVERAL_PLANS_ANSWERED = "several_plans_answered"
    COVERAGE_NOT_ON_THAT_DAY = "coverage_not_on_that_day"
    SERVICE_NOT_COVERED = "service_not_covered"
    BENEFIT_USED_UP = "benefit_used_up"
    ANSWER_FOR_ANOTHER_REQUEST = "answer_for_another_request"
    ANSWER_FOR_ANOTHER_PATIENT = "answer_for_another_patient"

    # Our own store
    DATABASE_UNAVAILABLE = "database_unavailable"
    DATABASE_FULL = "database_full"
    DATABASE_READ_ONLY = "database_read_only"
    STORE_IS_AHEAD = "store_is_ahead"
    STORE_TOO_SLOW = "store_too_slow"
    UNKNOWN_REFERRAL = "unknown_referral"
    REFERRAL_SHREDDED = "referral_shredded"
    UNKNOWN_CONTACT = "unknown_contact"
    NO_SUCH_CONTACT = "no_such_contact"
    TRACE_NUMBER_IN_USE = "trace_number_in_use"
    UNKNOWN_NURSE = "unknown_nurse"
    KEY_HOLDS_ANOTHER_VISIT = "key_holds_another_visit"

    # Other systems
    MAIL_SERVER_AWAY = "mail_server_away"
    RECEIVER_AWAY = "receiver_away"
    RECEIVER_GONE = "receiver_gone"
    RECEIVER_REFUSED = "receiver_refused"
    ISSUER_AWAY = "issuer_away"
    TEMPORAL_UNAVAILABLE = "temporal_unavailable"
    FAILED = "failed"
    """An error that nobody foresaw; the log has it."""

    @property
    def payer_may_have_it(self) -> bool:
        """Whether the payer may have received the request: then it is asked before anything is sent again."""
        return _HANDLING[self].payer_may_have_it

    @property
    def another_channel(self) -> bool:
        """Whether another channel may carry the request instead."""
        return _HANDLING[self].another_channel

    @property
    def outcome(self) -> CallOutcome:
        """What it tells about the payer's health."""
        return _HANDLING[self].outcome

    @property
    def asks_all_to_wait(self) -> bool:
        """Whether a Retry-After with it is meant for every request, and not for one patient's."""
        return _HANDLING[self].asks_all_to_wait


class Handling(NamedTuple):
    """One row of the table; the columns are the properties of ProblemCode."""

    payer_may_have_it: bool
    another_channel: bool
    outcome: CallOutcome
    asks_all_to_wait: bool = False


_CHANNEL_SHUT: Final = Handling(payer_may_have_it=False, another_channel=True, outcome=CallOutcome.UNTOLD)
"""Nothing has left us, and this channel will not carry it soon."""
_NOTHING_SENT: Final = Handling(payer_may_have_it=False, another_channel=False, outcome=CallOutcome.UNTOLD)
"""Nothing has left us. To wait for a turn is no failure of the channel, and what no channel could send stays here."""
_NOT_CONNECTED: Final = Handling(payer_may_have_it=False, another_channel=True, outcome=CallOutcome.FAILED)
_NO_ANSWER: Final = Handling(payer_may_have_it=True, another_channel=False, outcome=CallOutcome.FAILED)
_ANSWERED: Final = Handling(payer_may_have_it=True, another_channel=False, outcome=CallOutcome.ANSWERED)
_SAYS_NOTHING: Final = Handling(payer_may_have_it=True, another_channel=False, outcome=CallOutcome.UNTOLD)
"""Not about a request to a payer: nothing may be concluded from it."""

_HANDLING: Final[Mapping[ProblemCode, Handling]] = {
    ProblemCode.PAYER_NOT_ELECTRONIC: _CHANNEL_SHUT,
    ProblemCode.PAYER_OUTAGE: _CHANNEL_SHUT,
    ProblemCode.PAYER_ADDRESS_WRONG: _CHANNEL_SHUT,
    ProblemCode.PAYER_CREDENTIAL_MISSING: _CHANNEL_SHUT,
    ProblemCode.VALUE_CANNOT_BE_SENT: _CHANNEL_SHUT,
    ProblemCode.FAMILY_NAME_CANNOT_BE_SENT: _CHANNEL_SHUT,
    ProblemCode.GIVEN_NAME_CANNOT_BE_SENT: _CHANNEL_SHUT,
    ProblemCode.SUBSCRIBER_NAME_CANNOT_BE_SENT: _CHANNEL_SHUT,
    ProblemCode.PRESCRIBER_NAME_CANNOT_BE_SENT: _CHANNEL_SHUT,
    ProblemCode.MEMBER_ID_CANNOT_BE_SENT: _CHANNEL_SHUT,
    ProblemCode.ORDER_TEXT_CANNOT_BE_SENT: _CHANNEL_SHUT,
    ProblemCode.PAYER_CROWDED: _NOTHING_SENT,
    ProblemCode.PAYER_RATE_LIMIT: _NOTHING_SENT,
    ProblemCode.REQUEST_UNDER_WAY: _NOTHING_SENT,
    ProblemCode.NO_LINE_TO_SUBMIT: _NOTHING_SENT,
    ProblemCode.NO_COVERAGE: _NOTHING_SENT,
    ProblemCode.DOCUMENTS_NOT_ELECTRONIC: _NOTHING_SENT,
    ProblemCode.NO_DOCUMENT_TO_SEND: _NOTHING_SENT,
    ProblemCode.DATABASE_UNAVAILABLE: _NOTHING_SENT,
    ProblemCode.DATABASE_FULL: _NOTHING_SENT,
    ProblemCode.PAYER_NOT_CONNECTED: _NOT_CONNECTED,
    ProblemCode.PAYER_TIMED_OUT: _NO_ANSWER,
    ProblemCode.PAYER_UNREACHABLE: _NO_ANSWER,
    ProblemCode.PAYER_FAILED: _NO_ANSWER._replace(asks_all_to_wait=True),
    ProblemCode.PAYER_SYSTEM_DOWN: _NO_ANSWER,
    ProblemCode.UNREADABLE_ANSWER: _ANSWERED,
    ProblemCode.PAYER_BUSY: _ANSWERED._replace(asks_all_to_wait=True),
    ProblemCode.PAYER_MOVED: _ANSWERED,
    ProblemCode.PAYER_ANSWERS_LATER: _ANSWERED,
    ProblemCode.PAYER_REFUSED_REQUEST: _ANSWERED,
    ProblemCode.INQUIRY_NOT_OFFERED: _ANSWERED,
    ProblemCode.PAYER_REFUSED_CREDENTIALS: _ANSWERED,
    ProblemCode.CANCELLATION_NOT_CONFIRMED: _ANSWERED,
    ProblemCode.ELIGIBILITY_NOT_TOLD: _ANSWERED,
    ProblemCode.ANOTHER_PAYER_NAMED: _ANSWERED,
    ProblemCode.SEVERAL_PLANS_ANSWERED: _ANSWERED,
    ProblemCode.COVERAGE_NOT_ON_THAT_DAY: _ANSWERED,
    ProblemCode.SERVICE_NOT_COVERED: _ANSWERED,
    ProblemCode.BENEFIT_USED_UP: _ANSWERED,
    ProblemCode.ANSWER_FOR_ANOTHER_REQUEST: _ANSWERED,
    ProblemCode.ANSWER_FOR_ANOTHER_PATIENT: _ANSWERED,
    ProblemCode.DATABASE_READ_ONLY: _SAYS_NOTHING,
    ProblemCode.STORE_IS_AHEAD: _SAYS_NOTHING,
    ProblemCode.STORE_TOO_SLOW: _SAYS_NOTHING,
    ProblemCode.UNKNOWN_REFERRAL: _SAYS_NOTHING,
    ProblemCode.REFERRAL_SHREDDED: _SAYS_NOTHING,
    ProblemCode.UNKNOWN_CONTACT: _SAYS_NOTHING,
    ProblemCode.NO_SUCH_CONTACT: _SAYS_NOTHING,
    ProblemCode.TRACE_NUMBER_IN_USE: _SAYS_NOTHING,
    ProblemCode.UNKNOWN_NURSE: _SAYS_NOTHING,
    ProblemCode.KEY_HOLDS_ANOTHER_VISIT: _SAYS_NOTHING,
    ProblemCode.MAIL_SERVER_AWAY: _SAYS_NOTHING,
    ProblemCode.RECEIVER_AWAY: _SAYS_NOTHING,
    ProblemCode.RECEIVER_GONE: _SAYS_NOTHING,
    ProblemCode.RECEIVER_REFUSED: _SAYS_NOTHING,
    ProblemCode.ISSUER_AWAY: _SAYS_NOTHING,
    ProblemCode.TEMPORAL_UNAVAILABLE: _SAYS_NOTHING,
    ProblemCode.FAILED: _SAYS_NOTHING,
}
"""A request that could not be connected counts against the payer's health and may still go by another channel."""
