"""Prescribers' names as forms have them."""

import pytest

from firstdose.domain.referral.professional_name import read_professional_name


@pytest.mark.parametrize(
    ("told", "family", "given", "credentials"),
    [
        ("Morgan Tester", "Tester", ("Morgan",), ()),
        ("Dr. Morgan Tester, MD", "Tester", ("Morgan",), ("MD",)),
        ("Morgan Q. Tester M.D. Ph.D.", "Tester", ("Morgan", "Q."), ("M.D.", "Ph.D.")),
        ("Tester, Morgan", "Tester", ("Morgan",), ()),
        ("Tester, Morgan, NP-C", "Tester", ("Morgan",), ("NP-C",)),
        ("Van Tester, Morgan", "Van Tester", ("Morgan",), ()),
        ("Ana van der Berg", "van der Berg", ("Ana",), ()),
        ("Tester", "Tester", (), ()),
        ("MD", "MD", (), ()),
    ],
)
def test_a_name_is_read_in_its_parts(
    told: str, family: str, given: tuple[str, ...], credentials: tuple[str, ...]
) -> None:
    name = read_professional_name(told)
    assert (name.family, name.given, name.credentials) == (family, given, credentials)
