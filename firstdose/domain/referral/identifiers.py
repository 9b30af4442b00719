"""The codes of the trade, checked by shape or check digit and brought to one spelling.

A shape says that a code is possible, not that it exists or is billable: that is the payer's to say.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from firstdose.domain.referral.ambiguity import ambiguous
from firstdose.domain.referral.places import state_code, zip_code
from firstdose.domain.sealed import ShortText

_ICD10CM = re.compile(r"([A-Z][0-9][0-9AB])\.?([0-9A-Z]{0,4})")
_HCPCS = re.compile(r"([A-Z][0-9]{4}|[0-9]{4}[0-9A-Z])(?:[ ,:-]+[A-Z0-9]{2}|[A-Z][A-Z0-9])*")
_NDC_GROUPS = re.compile(r"([0-9]{4,5})-([0-9]{3,4})-([0-9]{1,2})")
_NDC_LENGTHS = {(4, 4, 2), (5, 3, 2), (5, 4, 1), (5, 4, 2)}
_PAYER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LETTER = "[AC-HJKMNP-RT-Y]"
_MBI = re.compile(rf"[1-9]{_LETTER}(?:{_LETTER}|[0-9])[0-9]{_LETTER}(?:{_LETTER}|[0-9])[0-9]{_LETTER}{{2}}[0-9]{{2}}")


def npi_check_digit(first_nine: str) -> str:
    """The tenth digit of a National Provider Identifier: Luhn over the nine with the prefix 80840 (45 CFR 162.406)."""
    total = 0
    for place, digit in enumerate(reversed("80840" + first_nine)):
        weighed = int(digit) * (2 if place % 2 == 0 else 1)
        total += weighed - 9 if weighed > 9 else weighed
    return str(-total % 10)


def _npi(value: str) -> str:
    if not re.fullmatch(r"[12][0-9]{9}", value):
        raise ValueError("an NPI has ten digits and begins with 1 or 2")
    if npi_check_digit(value[:9]) != value[9]:
        raise ValueError("the NPI's check digit is wrong")
    return value


def _icd10cm(value: str) -> str:
    """`A4101` and `a41.01` are both `A41.01`."""
    match = _ICD10CM.fullmatch(value.upper())
    if not match:
        raise ValueError("not the shape of an ICD-10-CM code")
    category, detail = match.groups()
    return f"{category}.{detail}" if detail else category


def _hcpcs(value: str) -> str:
    """`J1335-JW` is `J1335`: a modifier is the claim's, not the drug's."""
    match = _HCPCS.fullmatch(value.upper())
    if not match:
        raise ValueError("not the shape of a HCPCS code")
    return match[1]


def _ndc(value: str) -> str:
    """Eleven digits, 5-4-2 without hyphens, as payers want it. Ten digits need their hyphens to be read."""
    grouped = "-".join(value.split())
    if re.fullmatch(r"[0-9]{11}", grouped):
        return grouped
    if re.fullmatch(r"[0-9]{10}", grouped):
        raise ambiguous("an NDC of ten digits needs its hyphens")
    match = _NDC_GROUPS.fullmatch(grouped)
    if not match or tuple(len(group) for group in match.groups()) not in _NDC_LENGTHS:
        raise ValueError("an NDC has eleven digits, or ten with hyphens")
    labeler, product, package = match.groups()
    return labeler.zfill(5) + product.zfill(4) + package.zfill(2)


def _rxnorm(value: str) -> str:
    if not re.fullmatch(r"[0-9]{1,8}", value):
        raise ValueError("an RxNorm concept has one to eight digits")
    return value


def _payer_id(value: str) -> str:
    """Narrow on purpose: it becomes a search attribute, so a name or a sentence must not fit."""
    if not _PAYER.fullmatch(value):
        raise ValueError("a payer id has up to 40 letters, digits, dots, dashes and underscores")
    return value


def _state(value: str) -> str:
    code = state_code(value)
    if code is None:
        raise ValueError("not a US state or territory")
    return code


def _zip_code(value: str) -> str:
    code = zip_code(value)
    if code is None:
        raise ValueError("a ZIP code has five or nine digits")
    return code


def _member_id(value: str) -> str:
    """Without blanks; a Medicare Beneficiary Identifier also without its dashes, which are for the eye only."""
    joined = "".join(value.split())
    plain = joined.replace("-", "").upper()
    return plain if _MBI.fullmatch(plain) else joined


Npi = Annotated[ShortText, AfterValidator(_npi)]
Icd10Cm = Annotated[ShortText, AfterValidator(_icd10cm)]
Hcpcs = Annotated[ShortText, AfterValidator(_hcpcs)]
Ndc = Annotated[ShortText, AfterValidator(_ndc)]
RxNorm = Annotated[ShortText, AfterValidator(_rxnorm)]
PayerId = Annotated[ShortText, AfterValidator(_payer_id)]
State = Annotated[ShortText, AfterValidator(_state)]
ZipCode = Annotated[ShortText, AfterValidator(_zip_code)]
MemberId = Annotated[ShortText, AfterValidator(_member_id)]
