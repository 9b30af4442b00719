"""The documents that payers ask for, in words: by LOINC, and by X12 755 in words of ours."""

from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

_WORDS: Final = {
    "10160-0": "history of medication use",
    "102089-0": "questionnaire",
    "11369-6": "history of immunization",
    "11488-4": "consult note",
    "11502-2": "laboratory report",
    "11504-8": "surgical operation note",
    "11506-3": "progress note",
    "11526-1": "pathology study",
    "18748-4": "diagnostic imaging study",
    "18776-5": "plan of care note",
    "18842-5": "discharge summary",
    "26436-6": "laboratory studies",
    "28570-0": "procedure note",
    "34109-9": "note",
    "34117-2": "history and physical note",
    "48765-2": "allergies",
    "51848-0": "evaluation note",
    "52033-8": "general correspondence",
    "57133-1": "referral note",
    "57833-6": "prescription",
    "64290-0": "health insurance card",
    "03": "letter that justifies the treatment",
    "09": "progress report",
    "77": "supporting data",
    "B3": "order of the physician",
    "DG": "diagnostic report",
    "DS": "discharge summary",
    "LA": "laboratory results",
    "M1": "medical record",
    "NN": "nursing notes",
    "OZ": "supporting data",
    "RR": "radiology report",
}


class DocumentInWords(BaseModel):
    """A document that a payer wants to see. `words` are None for a code that is not in our table."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: str = Field(repr=False)
    words: str | None


def words_for(code: str | None) -> str | None:
    return _WORDS.get(code or "")


def documents_in_words(codes: Iterable[str]) -> tuple[DocumentInWords, ...]:
    return tuple(DocumentInWords(code=code, words=words_for(code)) for code in codes)
