"""Free text in X12: spelled in plain capitals, or refused by the name of its field; no letter is ever dropped."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstdose.adapters.payers.x12.basic_text import basic_text
from firstdose.adapters.payers.x12.eligibility_270 import inquiry as eligibility_inquiry
from firstdose.adapters.payers.x12.request_278 import inquiry, submission
from firstdose.adapters.payers.x12.segments import Unwritable, read, segment, write
from firstdose.domain.referral.member_number import number_on_file
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible
from tests.contract.cases import US, case
from tests.unit.test_x12_segments import HEADER

WRITERS = (eligibility_inquiry, submission, inquiry)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Łukasiewicz", "LUKASIEWICZ"),
        ("Đorđe", "DORDE"),
        ("Bjørn Ærøskøbing", "BJORN AEROSKOBING"),
        ("Weiß-Müßig", "WEISS-MUSSIG"),
        ("GROẞ", "GROSS"),
        ("Nguyễn Văn Được", "NGUYEN VAN DUOC"),
        ("Þóra Ðalgaard Œuvray", "THORA DALGAARD OEUVRAY"),
        ("Żółć Ħamrun Ŧ Ŋ ı İ", "ZOLC HAMRUN T N I I"),
        ("Zoe\u0308 O’Brien–Núñez", "ZOE O'BRIEN-NUNEZ"),
        ("Ana\u200dMaria", "ANAMARIA"),
        ("  O'Brien-Núñez: 1*2~3^ ", "O'BRIEN-NUNEZ 1 2 3"),
        ("500 µg", "500 MCG"),
        ("500 μg/m²", "500 MCG/M2"),
        ("2½ tablets", "2 1/2 TABLETS"),
        ("0.9% NaCl", "0.9 PERCENT NACL"),
        ("1:1000", "1/1000"),
        ("rate ≤ 5 mL", "RATE AT MOST 5 ML"),
        ("", ""),
        (None, ""),
        ("   ", ""),
    ],
)
def test_what_can_be_spelled_is(text: str | None, sent: str) -> None:
    assert basic_text(text, 60) == sent


@pytest.mark.parametrize(
    "text", ["שלמה", "Dov שלמה", "Иван", "Μαρία", "山田", "علي", "Ana😀", "10⁶", "***", "x" * 61, "β"]
)
def test_what_cannot_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Unwritable) as refused:
        basic_text(text, 60)
    assert text not in str(refused.value)


@settings(deadline=None)
@given(st.text(max_size=40), st.integers(1, 60))
def test_any_text_is_refused_or_can_be_sent_with_every_letter(text: str, limit: int) -> None:
    try:
        told = basic_text(text, limit)
    except Unwritable:
        return
    assert len(told) <= limit
    assert read(write(HEADER, [segment("MSG", told)]))[1].value(1) == told
    letters = [one for one in text if unicodedata.category(one)[0] in "LN"]
    assert len(letters) <= sum(map(str.isalnum, told))


def sent_by(asked: PayerCase) -> list[str]:
    """The problems with which each message is refused."""
    problems = []
    for write_ in WRITERS:
        with pytest.raises(Impossible) as refused:
            write_(asked, US)
        problems.append(refused.value.problem.value)
    return problems


def patient(**changes: object) -> Callable[[PayerCase], PayerCase]:
    def change(asked: PayerCase) -> PayerCase:
        person = asked.referral.patient.model_copy(update=changes)
        return asked.model_copy(update={"referral": asked.referral.model_copy(update={"patient": person})})

    return change


def coverage(subscriber: dict[str, object], **changes: object) -> Callable[[PayerCase], PayerCase]:
    def change(asked: PayerCase) -> PayerCase:
        plan = asked.referral.coverages[0]
        assert plan.subscriber
        holder = plan.subscriber.model_copy(update=subscriber)
        plans = (plan.model_copy(update={"subscriber": holder, **changes}),)
        return asked.model_copy(update={"referral": asked.referral.model_copy(update={"coverages": plans})})

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (patient(family_name="שלמה"), "family_name_cannot_be_sent"),
        (patient(given_name="Иван"), "given_name_cannot_be_sent"),
        (coverage({"family_name": "שלמה"}), "subscriber_name_cannot_be_sent"),
        (coverage({"given_name": "שלמה"}), "subscriber_name_cannot_be_sent"),
        (coverage({}, member_id="A~B"), "member_id_cannot_be_sent"),
        (coverage({}, member_id="ÅB1"), "member_id_cannot_be_sent"),
    ],
)
def test_a_field_that_cannot_be_sent_is_named(change: Callable[[PayerCase], PayerCase], problem: str) -> None:
    assert sent_by(change(case())) == [problem] * len(WRITERS)


def test_the_prescriber_and_the_order_in_words_are_named_too() -> None:
    asked = case()
    doctor = asked.referral.prescriber.model_copy(update={"name": "Иван"})
    referred = asked.referral.model_copy(update={"prescriber": doctor})
    with pytest.raises(Impossible, match="prescriber_name_cannot_be_sent"):
        submission(asked.model_copy(update={"referral": referred}), US)
    order = asked.referral.order
    drug = order.medications[0].model_copy(update={"dose": "一克"})
    changed = order.model_copy(update={"medications": (drug,)})
    with pytest.raises(Impossible, match="order_text_cannot_be_sent"):
        submission(asked.model_copy(update={"referral": asked.referral.model_copy(update={"order": changed})}), US)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Morgan Tester, MD, PhD", ("TESTER", "MORGAN")),
        ("Nguyễn", ("NGUYEN", "")),
        ("Ana Ruiz Núñez", ("NUNEZ", "ANA RUIZ")),
        ("Dr. Ana van der Berg MD", ("VAN DER BERG", "ANA")),
        ("Berg, Ana, NP-C", ("BERG", "ANA")),
    ],
)
def test_a_prescriber_is_sent_by_family_and_given_names_without_degrees(name: str, sent: tuple[str, str]) -> None:
    asked = case()
    doctor = asked.referral.prescriber.model_copy(update={"name": name})
    referred = asked.referral.model_copy(update={"prescriber": doctor})
    told = submission(asked.model_copy(update={"referral": referred}), US)
    (named,) = (one for one in told if (one.tag, one.value(1)) == ("NM1", "DK"))
    assert (named.value(3), named.value(4)) == sent


@pytest.mark.parametrize(
    ("written", "on_file"),
    [
        ("1EG4-TE5-MK73", "1EG4TE5MK73"),
        ("1EG4–TE5–MK73", "1EG4TE5MK73"),
        (" W1234 56789 01 ", "W12345678901"),
        ("XEC 123\u00a0456\u200b789", "XEC123456789"),
        ("00012345", "00012345"),
        ("AB*12~3", "AB*12~3"),
    ],
)
def test_a_member_number_is_sent_as_it_is_on_file(written: str, on_file: str) -> None:
    assert number_on_file(written) == on_file
    asked = coverage({}, member_id=written)(case())
    if on_file.isalnum():
        named = [one for one in eligibility_inquiry(asked, US) if one.value(8) == "MI"]
        assert [one.value(9) for one in named] == [on_file]
