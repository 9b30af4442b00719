"""One remark of a payer, as people see it."""

from datetime import datetime

from firstdose.domain.payer.remark import PayerRemark
from firstdose.domain.payer.remark_words import meaning_of


class RemarkView(PayerRemark):
    """A remark with the contact that it answers, when it came, and what it means in words of ours."""

    contact: str
    at: datetime
    meaning: str

    @classmethod
    def of(cls, remark: PayerRemark, contact: str, at: datetime) -> "RemarkView":
        return cls(**remark.model_dump(), contact=contact, at=at, meaning=meaning_of(remark))
