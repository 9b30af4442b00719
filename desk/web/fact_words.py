"""Facts of a referral in words, by the end of their path: what a row says that is missing."""

import re
from typing import Final

from desk.web.words import code_text

_INDEX: Final = re.compile(r"\[\d+\]")
_WORDS: Final = {
    "contact_allowed": "Whether we may call the patient",
    "phones": "Phone",
    "coverages": "Coverage",
    "payer.name": "Payer",
    "member_id": "Member id",
    "family_name": "Family name",
    "given_name": "Given name",
    "birth_date": "Birth date",
    "diagnoses": "Diagnosis",
    "drug.name": "Drug",
    "duration_days": "Duration",
    "npi": "NPI of the prescriber",
    "documents.clinical_note": "Clinical note",
    "weight_kg": "Weight",
    "first_dose_given": "Whether a first dose was given",
    "anaphylaxis_kit_ordered": "Order of the anaphylaxis kit",
    "signed_on": "Day of the signature",
    "needs_nursing": "Whether a nurse is needed",
}


def fact_words(path: str) -> str:
    """`coverages[0].member_id` is `Member id`."""
    plain = _INDEX.sub("", path)
    for end, said in _WORDS.items():
        if plain == end or plain.endswith(f".{end}"):
            return said
    return code_text(plain.rpartition(".")[2])
