"""What a payer said, as people see it: its own words, beside what we read in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from firstdose.adapters.postgres.referrals.remark_view import RemarkView
from firstdose.adapters.postgres.referrals.views import LineView, View
from firstdose.domain.authorization.lines import InformationRequest, LineAnswer, PayerAnswer
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.payer.document_words import DocumentInWords, documents_in_words
from firstdose.domain.payer.remark import PayerRemark
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import ContactPurpose, Via


class AnswerView(View):
    """One answer. `lines`, `tracking`, `information` and `benefits` are our reading, `remarks` the payer's words.

    An answer that came after others which it does not change is not `applied`. `problem` says why only a person can
    judge it.
    """

    contact: str
    at: datetime
    via: Via
    applied: bool
    problem: ProblemCode | None
    lines: tuple[LineAnswer, ...] = Field(default=(), repr=False)
    tracking: str | None = Field(default=None, repr=False)
    information: InformationRequest | None = None
    wanted: tuple[DocumentInWords, ...] = Field(default=(), repr=False)
    """What `information` asks for, in words."""
    benefits: Benefits | None = None
    remarks: tuple[RemarkView, ...] = Field(default=(), repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "AnswerView":
        """From a row whose texts are opened."""
        contact, at = str(row["contact_id"]), row["received_at"]
        answer = PayerAnswer.model_validate(row["answer"] or {})
        remarks = (PayerRemark.model_validate(one) for one in row["remarks"] or ())
        return cls(
            contact=contact,
            at=at,
            via=row["via"],
            applied=row["applied"],
            problem=row["problem"],
            lines=answer.lines,
            tracking=answer.tracking,
            information=answer.information,
            wanted=documents_in_words(answer.information.wanted if answer.information else ()),
            benefits=row["benefits"],
            remarks=tuple(RemarkView.of(remark, contact, at) for remark in remarks),
        )


class PayerAnswersView(View):
    """What a payer answered to one contact, the newest first, and the lines that it carries as they stand."""

    contact: str
    referral_id: str
    payer: str
    purpose: ContactPurpose
    channel: Channel | None
    trace: str
    asked_at: datetime
    lines: tuple[LineView, ...] = Field(repr=False)
    answers: tuple[AnswerView, ...] = Field(repr=False)
