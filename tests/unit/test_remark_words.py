"""Each kind of remark has words; codes that we know add theirs, and others stay what they are."""

import pytest

from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.domain.payer.remark_words import meaning_of


def means(kind: RemarkKind, code: str | None = None, follow_up: str | None = None) -> str:
    return meaning_of(PayerRemark(kind=kind, where="X", code=code, follow_up=follow_up))


@pytest.mark.parametrize("kind", RemarkKind)
def test_each_kind_has_words(kind: RemarkKind) -> None:
    assert means(kind, code="unheard of", follow_up="?") == means(kind)
    assert means(kind)


@pytest.mark.parametrize(
    ("kind", "code", "follow_up", "meaning"),
    [
        (
            RemarkKind.REJECTED,
            "72",
            "N",
            "the payer did not process this: the member number is missing or wrong; do not send it again",
        ),
        (RemarkKind.REJECTED, "ZZ", "W", "the payer did not process this; wait 30 days, then send it again"),
        (RemarkKind.ACTION, "CT", None, "the payer's action: call the payer"),
        (RemarkKind.REASON, "43", None, "the payer's reason"),
        (RemarkKind.WANTED, "18842-5", None, "the payer wants to see this before it decides: discharge summary"),
    ],
)
def test_codes_mean_what_their_element_makes_of_them(
    kind: RemarkKind, code: str, follow_up: str | None, meaning: str
) -> None:
    assert means(kind, code, follow_up) == meaning
