"""Whose answer it is: our number alone is no proof that a payer's answer is about our patient."""

from collections.abc import Iterator

from firstdose.adapters.payers.pas.elements import part, parts, resources, word
from firstdose.adapters.payers.pas.terminology import Element

_MEMBER = "MB"  # HL7 v2-0203


def is_about_another(bundle: Element, member_id: str | None) -> bool:
    """Whether it names members (identifiers of type MB), and ours is none of them. Most payers name none."""
    told = set(_members(bundle))
    return member_id is not None and bool(told) and _plain(member_id) not in told


def _members(bundle: Element) -> Iterator[str]:
    for patient in resources(bundle, "Patient"):
        for identifier in parts(patient, "identifier"):
            codes = {coding.get("code") for coding in parts(part(identifier, "type"), "coding")}
            if _MEMBER in codes and (value := word(identifier.get("value"))):
                yield _plain(value)


def _plain(member_id: str) -> str:
    """Without what payers print between the characters of a number."""
    return "".join(filter(str.isalnum, member_id)).upper()
