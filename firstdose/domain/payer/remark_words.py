"""What a payer's remark means, in plain words of our own: the tables of X12 are licensed, and codes alone tell nobody.

A code that is not here is shown as it came. The sources of the codes are those of ADR 17.
"""

from typing import Final

from firstdose.domain.payer.document_words import words_for
from firstdose.domain.payer.remark import PayerRemark, RemarkKind

_KINDS: Final = {
    RemarkKind.REJECTED: "the payer did not process this",
    RemarkKind.ACTION: "the payer's action",
    RemarkKind.REASON: "the payer's reason",
    RemarkKind.MESSAGE: "the payer says",
    RemarkKind.WANTED: "the payer wants to see this before it decides",
    RemarkKind.PLAN: "a plan of the member",
    RemarkKind.ANOTHER_PAYER: "another payer pays, or pays first",
    RemarkKind.NOT_COVERED: "not covered",
    RemarkKind.LIMIT: "the benefit is limited",
    RemarkKind.EXCHANGED: "another service is authorized than was asked for",
    RemarkKind.ADDED: "a service that was not asked for",
    RemarkKind.CONTACT: "whom to ask",
}
_REJECTED: Final = {
    "04": "more was asked for than is authorized",
    "15": "required information is missing",
    "33": "something in the request is wrong",
    "35": "out of network",
    "41": "we may not ask for this",
    "42": "the payer cannot answer now",
    "43": "our provider number is missing or wrong",
    "44": "our provider name is missing or wrong",
    "45": "our specialty is missing or wrong",
    "48": "the prescriber's number is missing or wrong",
    "50": "we may not ask about this member",
    "51": "the payer does not know us as a provider",
    "52": "the service is outside our contract's dates",
    "56": "a date is wrong",
    "57": "the date of service is missing or wrong",
    "58": "the date of birth is missing or wrong",
    "62": "the date of service is outside what may be asked about",
    "63": "the date of service is in the future",
    "64": "the patient's number is missing or wrong",
    "65": "the patient's name is missing or wrong",
    "67": "the patient is not found",
    "71": "the date of birth is not the one that the payer has",
    "72": "the member number is missing or wrong",
    "73": "the subscriber's name is missing or wrong",
    "75": "the subscriber is not found",
    "78": "the subscriber is not in this plan",
    "79": "a sender or receiver number is wrong",
    "80": "the payer's system did not answer",
    "AA": "the payer has no such request",
    "T4": "the payer's name or number is missing",
}
_FOLLOW_UPS: Final = {
    "C": "correct it and send it again",
    "N": "do not send it again",
    "P": "send the same again",
    "R": "it may be sent again",
    "S": "do not send it again: the payer asks somebody else",
    "W": "wait 30 days, then send it again",
    "X": "wait 10 days, then send it again",
    "Y": "do not send it again: the payer keeps it and will answer",
}
_ACTIONS: Final = {
    "A1": "approved as asked",
    "A2": "approved in part",
    "A3": "not approved",
    "A4": "not decided yet",
    "A6": "approved otherwise than asked",
    "C": "cancelled",
    "CT": "call the payer",
    "NA": "no authorization is needed",
}


def meaning_of(remark: PayerRemark) -> str:
    """`the payer did not process this: our provider number is missing or wrong; correct it and send it again`."""
    told = _word_for(remark)
    said = f"{_KINDS[remark.kind]}: {told}" if told else _KINDS[remark.kind]
    to_do = _FOLLOW_UPS.get(remark.follow_up or "")
    return f"{said}; {to_do}" if to_do else said


def _word_for(remark: PayerRemark) -> str | None:
    if remark.kind is RemarkKind.WANTED:
        return words_for(remark.code)
    codes = {RemarkKind.REJECTED: _REJECTED, RemarkKind.ACTION: _ACTIONS}.get(remark.kind, {})
    return codes.get(remark.code or "")
