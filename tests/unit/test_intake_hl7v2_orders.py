"""The orders of an HL7 v2 message: every drug that is in force, with its own dose, route, frequency and duration."""

import pytest

from firstdose.domain.referral.facts import BlockedStep, missing_facts
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Referral
from tests.unit.hl7v2_referral import asked, message, read, referral

SEVERAL, NOT_IN_FORCE = QuestionReason.SEVERAL, QuestionReason.NOT_IN_FORCE
ORDER = "ORC RXO RXR TQ1"


VANCOMYCIN = ("RXO|J3370^Vancomycin^HCPCS|1||g", "RXR|IV", "TQ1|1||Q8H|||42^d")
CEFEPIME = ("RXO|J0692^Cefepime^HCPCS|2||g", "RXR|IV", "TQ1|1||Q24H|||2^wk")


def drugs(told: Referral) -> list[tuple[str | None, str | None, str | None, int | None]]:
    return [(one.drug.hcpcs, one.dose, one.frequency, one.duration_days) for one in told.order.medications]


BOTH = [("J3370", "1 g", "Q8H", 42), ("J0692", "2 g", "Q24H", 14)]


@pytest.mark.parametrize(
    "segments",
    [
        ("ORC|NW|P1", *VANCOMYCIN, "ORC|NW|P2", *CEFEPIME),
        (*VANCOMYCIN, *CEFEPIME),
        ("ORC|NW|P1", VANCOMYCIN[2], *VANCOMYCIN[:2], "ORC|NW|P2", CEFEPIME[2], *CEFEPIME[:2]),
        (VANCOMYCIN[2], *VANCOMYCIN[:2], CEFEPIME[2], *CEFEPIME[:2]),
        ("ORC|NW|P1", *VANCOMYCIN, *CEFEPIME),
        ("ORC|NW|P1", *VANCOMYCIN, "ORC|NW|P1", *CEFEPIME),
        ("ORC|NW|P1", "RXE||J3370^Vancomycin^HCPCS|1||g", *VANCOMYCIN[1:], "ORC|NW|P2", *CEFEPIME),
    ],
)
def test_every_drug_of_the_order_with_its_own_timing(segments: tuple[str, ...]) -> None:
    told = referral(*segments, without=ORDER)
    assert drugs(told) == BOTH
    assert not told.questions


DEAD = ("RXO|J0690^Cefazolin^HCPCS|3||g", "RXR|IM", "TQ1|1||Q6H|||7^d", "NTE|1||Of the dead order.")


@pytest.mark.parametrize(
    "control",
    [
        *(f"ORC|{code}|P9" for code in ("CA", "DC", "HD", "OC", "OD", "OH", "CR", "DR", "HR", "RQ", "UA")),
        *(f"ORC|NW|P9|||{status}" for status in ("CA", "CM", "DC", "ER", "HD", "RP")),
    ],
)
def test_an_order_that_is_not_in_force_is_none(control: str) -> None:
    live = ("ORC|NW|P1", *VANCOMYCIN)
    for segments in ((control, *DEAD, *live), (*live, control, *DEAD)):
        told = referral(*segments, without=f"{ORDER} NTE")
        assert (drugs(told), told.patient.history) == (BOTH[:1], None)
        assert not told.questions
    alone = referral(control, *DEAD, without=ORDER)
    assert alone.order.medications == ()
    assert asked(alone) == [("order.drug", NOT_IN_FORCE, ("Cefazolin",))]


def test_of_versions_under_one_number_the_newest_counts() -> None:
    old = ("ORC|NW|P1|||||||20261118", *DEAD[:3])
    new = ("ORC|XO|P1|||||||20261119", *VANCOMYCIN)
    for segments in ((*old, *new), (*new, *old)):
        assert drugs(referral(*segments, without=ORDER)) == BOTH[:1]
    ended = referral(*new, "ORC|DC|P1|||||||20261120", without=ORDER)
    assert ended.order.medications == ()
    unclear = referral("ORC|NW|P1", *VANCOMYCIN, "ORC|DC|P1", without=ORDER)
    assert unclear.order.medications == ()
    noted = referral("ORC|NW|P1", *VANCOMYCIN, "NTE|1||Of which?", "ORC|DC|P1", without=f"{ORDER} NTE")
    assert noted.patient.history == "Of which?"
    assert asked(unclear) == [("order.drug", SEVERAL, ("Vancomycin",))]


def test_one_drug_in_two_live_orders_is_kept_twice_and_asked_about() -> None:
    again = ("RXO|J3370^Vancomycin^HCPCS|2||g", "RXR|IV", "TQ1|1||Q8H|||42^d")
    told = referral("ORC|NW|P1", *VANCOMYCIN, "ORC|NW|P2", *again, without=ORDER)
    assert [one.dose for one in told.order.medications] == ["1 g", "2 g"]
    assert asked(told) == [("order.drug", SEVERAL, ("Vancomycin",))]
    same = referral("ORC|NW|P1", *VANCOMYCIN, "ORC|NW|P2", *VANCOMYCIN, without=ORDER)
    assert (drugs(same), same.questions) == (BOTH[:1], ())


@pytest.mark.parametrize(
    ("drug", "code"),
    [
        ("J3370^Vancomycin^HCPCS", "J3370"),
        ("V1^Vancomycin^L^J3370^^HCPCS", "J3370"),
        ("J3370^Vancomycin^99LOC", None),
        ("J3370^^HCPCS^1^Vancomycin^L", "J3370"),
        ("J3370^^HCPCS^^^^^^Vancomycin", "J3370"),
        ("Vancomycin", None),
        ("J3370-JW^Vancomycin^HCPCS", "J3370"),
    ],
)
def test_a_code_of_a_drug_counts_with_its_system(drug: str, code: str | None) -> None:
    told = referral(f"RXO|{drug}|1||g").order.drug
    assert (told.name, told.hcpcs) == ("Vancomycin", code)


@pytest.mark.parametrize(
    ("rxo", "dose", "is_asked"),
    [
        ("|1||g^gram^UCUM", "1 gram", False),
        ("|.5||g", "0.5 g", False),
        ("|1|1|g", "1 g", False),
        ("|1|2|g", "1-2 g", True),
        ("|1||", "1", True),
        ("|1||puff", "1 puff", True),
    ],
)
def test_a_dose_is_one_amount_with_its_unit(rxo: str, dose: str, is_asked: bool) -> None:
    told = referral(f"RXO|^Vancomycin{rxo}")
    assert told.order.dose == dose
    assert [path for path, _, _ in asked(told)] == (["order.dose"] if is_asked else [])


@pytest.mark.parametrize(
    ("timing", "frequency"),
    [
        ("Q8H^HD^^^8^h", "Q8H"),
        ("Q8H&every 8 hours&HL70335", "Q8H"),
        ("99&TID&L", "TID"),
        ("X^^^^8^h", "every 8 hours"),
        ("^^^^1^d", "every 1 days"),
        ("BID^twice a day", "BID"),
        ("C", "continuous"),
        ("Q8H~Q8H", "Q8H"),
        ("Q8H~every 8 hours", "Q8H"),
    ],
)
def test_the_frequency_of_a_repeat_pattern(timing: str, frequency: str) -> None:
    told = referral(f"TQ1|1||{timing}|||42^d")
    assert told.order.frequency == frequency
    assert not told.questions


def test_two_frequencies_are_a_question_and_an_ended_one_is_not() -> None:
    told = referral("TQ1|1||Q8H|||42^d", "TQ1|2||Q12H|||42^d")
    assert told.order.frequency is None
    assert asked(told) == [("order.frequency", SEVERAL, ("Q8H", "Q12H"))]
    ended = referral("TQ1|1||Q8H|||7^d||20261101", "TQ1|2||Q12H|||42^d")
    assert (ended.order.frequency, ended.order.duration_days) == ("Q12H", 42)
    ours = referral("OBX|5|ST|frequency^^FIRSTDOSE||q8h||||||F", without="OBX")
    assert asked(ours) == [("order.frequency", SEVERAL, ("Q12H", "q8h"))]


@pytest.mark.parametrize(
    ("timing", "days"), [("6^wk", 42), ("42^d&day&UCUM", 42), ("10^{dose}", 5), ("|||||||||10", None), ("|20", None)]
)
def test_the_duration(timing: str, days: int | None) -> None:
    assert referral(f"TQ1|1||Q12H|||{timing}").order.duration_days == days


def test_a_number_of_occurrences_and_the_old_timing() -> None:
    assert referral("TQ1|1||Q12H|||||||||||10").order.duration_days == 5
    old = referral("ORC|NW|P1|||||1^Q8H&0800^W6", "RXO|^Vancomycin|1||g", without="TQ1 RXR").order
    assert (old.frequency, old.duration_days) == ("Q8H", 42)


def test_facts_of_ours_beside_the_timing() -> None:
    assert not referral("OBX|5|ST|frequency^^FIRSTDOSE||every 12 hours||||||F", without="OBX").questions
    days = "OBX|5|ST|duration_days^^FIRSTDOSE||14||||||F"
    assert referral(days, "TQ1|1||Q12H", without="OBX").order.duration_days == 14
    assert referral("TQ1|1||^^^^8|||42^d").order.frequency is None
    unread = referral("OBX|5|ST|duration_days^^FIRSTDOSE||soon||||||F", "TQ1|1||Q12H", without="OBX")
    assert asked(unread) == [("order.duration_days", QuestionReason.NOT_UNDERSTOOD, ("soon",))]


def test_words_of_ours_in_any_case_and_texts_as_they_are() -> None:
    told = referral(
        "OBX|8|ST|therapy^^FIRSTDOSE||Anti-Infective||||||F", "OBX|9|ST|access_device^^FIRSTDOSE||PICC-Line||||||F"
    ).order
    assert (told.therapy, told.access_device) == ("anti_infective", "PICC-Line")


def test_facts_of_ours_that_do_not_count_or_contradict_each_other() -> None:
    wrong = "OBX|9|ST|site^^FIRSTDOSE||suite||||||W"
    assert referral(wrong, "OBX|8|ST|site^^FIRSTDOSE||home||||||F").order.site == "home"
    told = referral("OBX|8|ST|site^^FIRSTDOSE||home||||||F", "OBX|9|ST|site^^FIRSTDOSE||suite||||||F")
    assert asked(told) == [("order.site", SEVERAL, ("home", "suite"))]
    newer = "OBX|9|ST|site^^FIRSTDOSE||suite||||||F|||20261119"
    assert referral(newer, "OBX|8|ST|site^^FIRSTDOSE||home||||||F|||20261118").order.site == "suite"


def test_a_rejected_referral_is_a_question() -> None:
    assert asked(referral("RF1|R|R||||R-1|20261201")) == [("order", NOT_IN_FORCE, ("rejected",))]


def document(data: str, encoding: str = "Base64", status: str = "F") -> str:
    return f"OBX|9|ED|34117-2^Note^LN||^TEXT^PLAIN^{encoding}^{data}||||||{status}"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [("Tm90\\.br\\ZS4=", "Base64"), ("Tm90\r\nZS4=", "Base64"), ("4E6F74 652E", "Hex"), ("Note.", "A")],
)
def test_a_document_in_its_encodings(data: str, encoding: str) -> None:
    (told,) = referral(document(data, encoding)).documents
    assert (told.data, told.content_type, told.kind) == ("Tm90ZS4=", "text/plain", "clinical_note")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("34117-2^Note^LN", "clinical_note"),
        ("34117-2^Note^99LOC", "other"),
        ("signed_order^Order^FIRSTDOSE-DOC", "signed_order"),
        ("lab_result^Lab^99LOC", "other"),
        ("1234-5^Note^LN", "other"),
    ],
)
def test_the_kind_of_a_document_by_its_code_and_system(code: str, kind: str) -> None:
    assert referral(document("Tm90ZS4=").replace("34117-2^Note^LN", code)).documents[0].kind == kind


def test_a_document_that_is_marked_wrong_is_left_out() -> None:
    assert referral(document("Tm90ZS4=", status="W")).documents == ()


def test_a_referral_that_is_only_a_document() -> None:
    told = read("\r".join([message().split("\r")[0], "RF1||||||R-1", document("Tm90ZS4=")]))
    assert told.documents[0].has_content
    assert not told.questions
    assert "patient.family_name" in missing_facts(told)[BlockedStep.ELIGIBILITY]


def test_a_text_that_was_broken_into_lines_is_whole() -> None:
    assert referral("NTE|1||First line\nsecond ^ line").patient.history == "First line\nsecond ^ line"
    assert referral("NTE|1||5^6 & 7~8").patient.history == "5^6 & 7\n8"
