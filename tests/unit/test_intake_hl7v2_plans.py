"""Diagnoses, coverages and prescribers of an HL7 v2 message: which count, in which order, and what is asked."""

import pytest

from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Relationship
from tests.unit.hl7v2_referral import asked, referral

SEVERAL, NOT_IN_FORCE = QuestionReason.SEVERAL, QuestionReason.NOT_IN_FORCE


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (("DG1|1||R509^^I10C|||A|||||||||2", "DG1|2||M86161^^I10C|||F|||||||||1"), ["M86.161", "R50.9"]),
        (("DG1|1||R509^^I10C|||A", "DG1|2||M86161^^I10C|||W"), ["M86.161", "R50.9"]),
        (("DG1|2||B9562^^I10C", "DG1|1||M86161^^I10C"), ["M86.161", "B95.62"]),
        (("DG1|1||R509^^I10C||||||||||||||||||D", "DG1|2||M86161^^I10C"), ["M86.161"]),
        (("DG1|1|I9|73007^Osteomyelitis", "DG1|2|I10|M86161"), ["M86.161"]),
        (("DG1|1|I9|E8490", "DG1|2||M86161"), ["M86.161"]),
        (("DG1|1||73007", "DG1|2||V5862", "DG1|3||M86161"), ["M86.161"]),
        (("DG1|1||1234^^SCT^M86161^^ICD-10-CM",), ["M86.161"]),
        (("DG1|1||M86161^^99LOCAL", "DG1|2||B9562^^I10"), ["B95.62"]),
        (("DG1|1||M86.161^^I10C", "DG1|1||M86161^^I10C"), ["M86.161"]),
    ],
)
def test_diagnoses_by_their_own_marks(segments: tuple[str, ...], expected: list[str]) -> None:
    assert list(dict.fromkeys(referral(*segments, without="DG1").order.diagnoses)) == expected


def test_diagnoses_of_another_system_only_are_asked_about() -> None:
    told = referral("DG1|1|I9|73007^Osteomyelitis ankle", without="DG1")
    assert asked(told) == [("order.diagnoses", QuestionReason.NOT_UNDERSTOOD, ("Osteomyelitis ankle",))]


def plan(number: int, payer: str, begins: str = "", ends: str = "", rank: str = "", relation: str = "SEL") -> str:
    benefits = f"{relation}|||||{rank}||||||||||||||{payer}1"
    return f"IN1|{number}||{payer}|{payer} Plan||||G||||{begins}|{ends}||commercial||{benefits}"


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ((plan(1, "OLD", "20250101", "20260630"), plan(2, "NEW", "20260701")), ["NEW"]),
        ((plan(1, "NEXT", "20270101"), plan(2, "NOW", "20250101")), ["NOW"]),
        ((plan(1, "LAST", ends="20261201"),), ["LAST"]),
        ((plan(1, "ENDS", ends="20261130"), plan(2, "SERVICE", "20261201")), ["SERVICE"]),
        ((plan(1, "TWO", rank="2"), plan(2, "ONE", rank="1")), ["ONE", "TWO"]),
        ((plan(2, "TWO"), plan(1, "ONE")), ["ONE", "TWO"]),
        ((plan(1, "ONE"), plan(2, "ONE")), ["ONE"]),
        ((plan(1, "RANKLESS"), plan(2, "ONE", rank="1")), ["ONE", "RANKLESS"]),
    ],
)
def test_coverages_in_force_when_the_service_begins(segments: tuple[str, ...], expected: list[str]) -> None:
    for told in (referral(*segments, without="IN1"), referral(*reversed(segments), without="IN1")):
        assert [one.payer.id for one in told.coverages] == expected
        assert told.coverages[0].order == "primary"
        assert not told.questions


def test_coverages_that_have_ended_or_are_both_first_are_asked_about() -> None:
    ended = referral(plan(1, "OLD", ends="20260630"), without="IN1")
    assert (ended.coverages, asked(ended)) == ((), [("coverages", NOT_IN_FORCE, ("OLD Plan OLD1",))])
    both = referral(plan(1, "A", rank="1"), plan(2, "B", rank="1"), without="IN1")
    assert asked(both) == [("coverages", SEVERAL, ("A Plan A1", "B Plan B1"))]


@pytest.mark.parametrize(
    ("written", "relationship"),
    [
        ("SEL^Self^HL70063", Relationship.SELF),
        ("4^SELF", Relationship.SELF),
        ("18", Relationship.SELF),
        ("1^Spouse^99LOC", Relationship.SPOUSE),
        ("SPO", Relationship.SPOUSE),
        ("SPO^^HL70063", Relationship.SPOUSE),
        ("01^Self", Relationship.SELF),
        ("01^Spouse^HL70063", Relationship.SPOUSE),
        ("CHD", Relationship.CHILD),
        ("FTH^Father^HL70063", Relationship.CHILD),
        ("DOM", Relationship.OTHER),
    ],
)
def test_the_relationship_by_code_or_word(written: str, relationship: Relationship) -> None:
    told = referral(plan(1, "ONE", relation=written), without="IN1")
    assert told.coverages[0].relationship is relationship
    assert not told.questions


def test_a_subscriber_of_another_name_without_a_relationship_is_asked_about() -> None:
    other = plan(1, "ONE", relation="").replace("|commercial||", "|commercial|Other^Jordan|")
    assert asked(referral(other, without="IN1"))[0][0] == "coverages[0].relationship"
    assert asked(referral(plan(1, "ONE", relation="SPO^^99LOC"), without="IN1"))[0][0] == "coverages[0].relationship"
    sister = plan(1, "ONE", relation="").replace("|commercial||", "|commercial|Sample^Jordan|")
    told = referral(sister, without="IN1")
    assert asked(told)[0][0] == "coverages[0].relationship"
    assert told.coverages[0].subscriber is None
    same = plan(1, "ONE", relation="").replace("|commercial||", "|commercial|SAMPLE^AVERY^Q|")
    assert not referral(same, without="IN1").questions


@pytest.mark.parametrize(
    ("ids", "names", "payer"),
    [
        ("BCBS of IL", "Blue Cross", (None, "Blue Cross")),
        ("BCBS of IL", "", (None, "BCBS of IL")),
        ("1992999825^^^CMS^NPI~NORTHSTAR^^^^NIIP", "Northstar", ("NORTHSTAR", "Northstar")),
        ("NORTHSTAR", "Blue Cross & Blue Shield", ("NORTHSTAR", "Blue Cross & Blue Shield")),
        ("N1^^^^TAXON~NORTHSTAR", "Northstar", ("NORTHSTAR", "Northstar")),
        ("NORTHSTAR", "NS^D~Northstar^L", ("NORTHSTAR", "Northstar")),
    ],
)
def test_the_payer_by_its_id_and_name(ids: str, names: str, payer: tuple[str | None, str]) -> None:
    told = referral(f"IN1|1||{ids}|{names}||||G|||||||commercial||SEL", without="IN1").coverages[0].payer
    assert (told.id, told.name) == payer


@pytest.mark.parametrize(
    ("segments", "npi"),
    [
        (("PRD|PP|Family^Doctor|||||1992999825^NPI", "PRD|RP|Tester^Morgan|||||1489012371^NPI"), "1489012371"),
        (("PRD|PP~RP|Tester^Morgan|||||77^LOCAL~1489012371^NPI",), "1489012371"),
        (
            ("PRD|RP|Gone^Doctor|||||1992999825^NPI|20100101|20191231", "PRD|RP|Tester^Morgan|||||1489012371^NPI"),
            "1489012371",
        ),
        (("PRD|RP|Tester^Morgan|||||1489012371",), None),
    ],
)
def test_the_prescriber_by_role_period_and_type_of_number(segments: tuple[str, ...], npi: str | None) -> None:
    assert referral(*segments, without="PRD").prescriber.npi == npi


def test_who_ordered_comes_before_who_refers() -> None:
    ordering = "1992999825^Vantongeren^Ambrose^^^^^^NPI^^^^NPI"
    told = referral(f"ORC|NW|P1||||||||||{ordering}", "RXO|^Vancomycin|1||g").prescriber
    assert (told.npi, told.name, told.phone) == ("1992999825", "Ambrose Vantongeren", None)
    local = referral("ORC|NW|P1||||||||||77^Vantongeren^Ambrose", "RXO|^Vancomycin|1||g").prescriber
    assert (local.npi, local.name, local.phone) == ("1489012371", "Morgan Tester", "312-555-0150")


def test_who_ordered_may_have_a_number_only() -> None:
    told = referral("ORC|NW|P1||||||||||1992999825^^^^^^^^NPI", "RXO|^Vancomycin|1||g").prescriber
    assert (told.npi, told.name) == ("1992999825", None)


def test_two_members_of_one_plan_are_two_coverages() -> None:
    other = plan(2, "ONE").replace("ONE1", "|||||||||||||ONE2")
    told = referral(plan(1, "ONE"), other, without="IN1").coverages
    assert [one.member_id for one in told] == ["ONE1", "ONE2"]


def test_two_who_refer_are_a_question() -> None:
    told = referral("PRD|RP|A^B|||||1992999825^NPI", "PRD|RP|Tester^Morgan|||||1489012371^NPI", without="PRD")
    assert told.prescriber.npi is None
    assert asked(told) == [("prescriber.npi", SEVERAL, ("B A 1992999825", "Morgan Tester 1489012371"))]


def test_the_contact_of_the_prescriber_not_of_another() -> None:
    segments = ("PRD|RT|Pharmacy", "CTD|1|Wrong^One", "PRD|RP|Tester^Morgan|||||1489012371^NPI", "CTD|1|Right^Rae")
    assert referral(*segments, without="PRD").prescriber.contact_name == "Rae Right"
