"""Of several values in an HL7 v2 message: which is taken, which are dropped, and when a person is asked."""

import pytest

from firstdose.domain.referral.facts import BlockedStep, missing_facts
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Referral, Relationship
from tests.unit.hl7v2_referral import message, read, referral

ORDER = "ORC RXO RXR TQ1"
SEVERAL, NOT_IN_FORCE = QuestionReason.SEVERAL, QuestionReason.NOT_IN_FORCE


def asked(told: Referral) -> list[tuple[str, QuestionReason, tuple[str, ...]]]:
    return [(one.path, one.reason, one.values) for one in told.questions]


def pid(field: int, value: str) -> str:
    fields = [
        "PID",
        "1",
        "",
        "",
        "",
        "Sample^Avery",
        "",
        "19610417",
        "F",
        "",
        "",
        "1 Example Street^^Chicago^IL^60601^^H",
        "",
        "312-555-0117^PRN^PH",
    ]
    fields += [""] * (field + 1 - len(fields))
    fields[field] = value
    return "|".join(fields)


@pytest.mark.parametrize(
    "names",
    [
        "Born^Avery^^^^^M~Sample^Avery^^^^^L",
        "Sample^Avery^^^^^L~Shown^Avery^^^^^D",
        "Nick^Avery^^^^^N~Sample^Avery",
        "Alias^Avery^^^^^A~Sample^Avery^^^^^D",
        "Before^Avery^^^^^L^^^^^20100101^20191231~Sample^Avery^^^^^L^^^^^20200101",
        "Before^Avery^^^^^L^^^20100101&20191231~Sample^Avery^^^^^L",
        "Later^Avery^^^^^L^^^^^20270101~Sample^Avery^^^^^L",
        "Bad^Avery^^^^^BAD~Sample^Avery^^^^^B",
        '""~Sample^Avery~""^""',
        "Sample&van^Avery~UNKNOWN^UNKNOWN",
    ],
)
def test_the_name_that_is_in_force_and_legal(names: str) -> None:
    told = referral(pid(5, names)).patient
    assert (told.family_name, told.given_name) == ("Sample", "Avery")


def test_two_legal_names_are_a_question() -> None:
    told = referral(pid(5, "Sample^Avery^^^^^L~Other^Avery^^^^^L"))
    assert (told.patient.family_name, told.patient.given_name) == (None, None)
    assert asked(told) == [("patient.family_name", SEVERAL, ("Avery Sample", "Avery Other"))]


def test_only_names_that_are_not_in_force_are_a_question() -> None:
    told = referral(pid(5, "Born^Avery^^^^^M"))
    assert told.patient.family_name is None
    assert asked(told) == [("patient.family_name", NOT_IN_FORCE, ("Avery Born",))]
    assert "patient.family_name" in missing_facts(told)[BlockedStep.ELIGIBILITY]


@pytest.mark.parametrize(
    "addresses",
    [
        "9 Old Road^^Joliet^IL^60432^^BA~1 Example Street^^Chicago^IL^60601^^H",
        "PO Box 9^^Chicago^IL^60602^^M~1 Example Street^^Chicago^IL^60601^^H",
        "9 Work Road^^Chicago^IL^60602^^O~1 Example Street^^Chicago^IL^60601",
        "9 Old Road^^Joliet^IL^60432^^H^^^^^20100101&20191231~1 Example Street^^Chicago^IL^60601^^H",
        "9 Old Road^^Joliet^IL^60432^^H^^^^^^20100101^20191231~1 Example Street^^Chicago^IL^60601^^C",
        "^^Joliet^IL^60432^^H~1 Example Street^^Chicago^IL^60601^^P",
        "1 Example Street&Example Street&1^^Chicago^IL^60601^^H",
    ],
)
def test_the_home_address_in_force(addresses: str) -> None:
    told = referral(pid(11, addresses)).patient.address
    assert (told.line, told.city, told.postal_code) == (("1 Example Street",), "Chicago", "60601")


def test_two_homes_are_a_question() -> None:
    told = referral(pid(11, "1 Example Street^^Chicago^IL^60601^^H~2 Other Street^^Chicago^IL^60602^^H"))
    assert told.patient.address.line == ()
    assert [(path, reason) for path, reason, _ in asked(told)] == [("patient.address", SEVERAL)]


@pytest.mark.parametrize(
    ("phones", "expected"),
    [
        ("312-555-0101^PRN^PH~312-555-0102^PRN^CP", ["312-555-0102", "312-555-0101"]),
        ("312-555-0101^WPN^PH~312-555-0102^PRN^PH", ["312-555-0102", "312-555-0101"]),
        ("312-555-0101^PRN^PH^^^^^^^^^^20100101^20191231~312-555-0102^PRN^PH", ["312-555-0102"]),
        ("312-555-0101^PRN^PH^^^^^^^^^^^^N~312-555-0102^PRN^PH", ["312-555-0102"]),
        ("312-555-0101^EMR^PH~312-555-0102^BPN^BP~312-555-0103^PRN^FX~312-555-0104^PRN", ["312-555-0104"]),
        ("312-555-0101^PRN^CP~312-555-0102^PRN^PH^^^^^^^^^^^^^^^1", ["312-555-0102", "312-555-0101"]),
        ("(000) 000-0000^PRN^PH~^PRN^PH^^1^312^5550102^44", ["312-555-0102 ext. 44"]),
        ("^PRN^PH^^44^20^79460102~avery@example.org", ["+44 20-79460102"]),
        ('""~^PRN^PH^^^^^^^^^312 555 0102', ["312 555 0102"]),
    ],
)
def test_phones_in_the_order_in_which_to_call(phones: str, expected: list[str]) -> None:
    assert list(referral(pid(13, phones)).patient.phones) == expected


def test_a_work_phone_stands_behind_one_at_home_and_an_email_anywhere() -> None:
    told = referral(pid(13, "^NET^Internet^avery@example.org~312-555-0102^PRN^PH") + "|312-555-0101^WPN^PH").patient
    assert (told.phones, told.email) == (("312-555-0102", "312-555-0101"), "avery@example.org")


def weight(value: str, unit: str = "kg", status: str = "F", at: str = "20261119", code: str = "29463-7^^LN") -> str:
    return f"OBX|9|NM|{code}||{value}|{unit}|||||{status}|||{at}"


def weighed(*segments: str) -> Referral:
    return referral(*segments, without="OBX")


@pytest.mark.parametrize(
    "other",
    [
        *(weight("170.5", status=status, at="20261120") for status in ("W", "D", "X", "I", "N", "P", "R")),
        weight("72", at="20261001"),
        weight("72", at="202611182300-0600"),
        weight("3.4", code="8339-4^Birth weight^LN", at="20261120"),
        weight("64", code="50064-5^Ideal body weight^LN", at="20261120"),
        weight("64", code="^Ideal body weight", at="20261120"),
        weight("72", code="8335-2^Estimated^LN", at="20261120"),
        weight("72", code="29463-7^Potassium^99LAB", at="20261120"),
        weight('""', at="20261120"),
    ],
)
def test_the_weight_that_counts(other: str) -> None:
    for segments in ((other, weight("70.5")), (weight("70.5"), other)):
        told = weighed(*segments)
        assert told.patient.weight_kg == 70.5
        assert str(told.patient.weighed_on) == "2026-11-19"
        assert not told.questions


@pytest.mark.parametrize(
    ("segment", "kilograms"),
    [
        (weight("155.4", "[lb_av]^pound^UCUM"), 70.488),
        (weight("155 lb", ""), 70.307),
        (weight("^70.5"), 70.5),
        (weight("=^70.5"), 70.5),
        (weight("70.5", code="3141-9^Weight measured^LN"), 70.5),
        (weight("70.5", code="W1^Body weight^L^29463-7^^LN"), 70.5),
        (weight("70.5", code="WT^Weight^L"), 70.5),
    ],
)
def test_ways_to_write_a_weight(segment: str, kilograms: float) -> None:
    assert weighed(segment).patient.weight_kg == kilograms


@pytest.mark.parametrize(
    ("segments", "values"),
    [
        ((weight("11", "st"),), ("11 st",)),
        ((weight("70.5", ""), weight("72", at="20261001")), ("70.5",)),
        ((weight("<^70.5"),), ("< 70.5 kg",)),
    ],
)
def test_a_weight_that_cannot_be_read_is_asked_about(segments: tuple[str, ...], values: tuple[str, ...]) -> None:
    told = weighed(*segments)
    assert told.patient.weight_kg is None
    assert asked(told) == [("patient.weight_kg", QuestionReason.NOT_UNDERSTOOD, values)]


def test_two_weights_of_one_time_are_a_question() -> None:
    assert asked(weighed(weight("70.5"), weight("80.5"))) == [("patient.weight_kg", SEVERAL, ("70.5 kg", "80.5 kg"))]
    assert not weighed(weight("70.5"), weight("70.50")).questions


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (("AL1|1||^Penicillin", "AL1|2||^NKDA"), ["Penicillin"]),
        (("IAM|1||^Latex^L||Rash|D", "IAM|2||^Penicillin||Hives|A"), ["Penicillin"]),
        (("IAM|1||^Latex|||A|||||||||||E", "IAM|2||^Penicillin|||A|||||||||||C"), ["Penicillin"]),
        (("AL1|1||716186003^^SCT",), "none_known"),
        (("AL1|1||X1^^L^409137002^^SCT",), "none_known"),
        (("AL1|1||716186003^^L",), ["716186003"]),
        (("AL1|1||^No Known Allergies",), "none_known"),
        (("AL1|1||NKA",), "none_known"),
        (("AL1|1||^Penicillin", "AL1|2||^Penicillin"), ["Penicillin"]),
        (('AL1|1||""', "AL1|2||UNKNOWN"), None),
    ],
)
def test_allergies_that_are_affirmed(segments: tuple[str, ...], expected: object) -> None:
    told = referral(*segments, without="AL1").patient.allergies
    assert (told if told is None or isinstance(told, str) else [one.substance for one in told]) == expected


def test_reactions_are_kept_together() -> None:
    told = referral("AL1|1||^Penicillin||Hives~Wheezing").patient.allergies
    assert not isinstance(told, str)
    assert told is not None
    assert told[0].reaction == "Hives, Wheezing"


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (("DG1|1||R509^^I10C|||A|||||||||2", "DG1|2||M86161^^I10C|||F|||||||||1"), ["M86.161", "R50.9"]),
        (("DG1|1||R509^^I10C|||A", "DG1|2||M86161^^I10C|||W"), ["M86.161", "R50.9"]),
        (("DG1|2||B9562^^I10C", "DG1|1||M86161^^I10C"), ["M86.161", "B95.62"]),
        (("DG1|1||R509^^I10C||||||||||||||||||D", "DG1|2||M86161^^I10C"), ["M86.161"]),
        (("DG1|1|I9|73007^Osteomyelitis", "DG1|2|I10|M86161"), ["M86.161"]),
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
    return f"IN1|{number}||{payer}|{payer} Plan||||G|||||||commercial||{relation}|||||{rank}||||||||||||||{payer}1".replace(
        "||||G|||||||", f"||||G||||{begins}|{ends}||"
    )


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ((plan(1, "OLD", "20250101", "20260630"), plan(2, "NEW", "20260701")), ["NEW"]),
        ((plan(1, "NEXT", "20270101"), plan(2, "NOW", "20250101")), ["NOW"]),
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
    same = plan(1, "ONE", relation="").replace("|commercial||", "|commercial|SAMPLE^AVERY^Q|")
    assert not referral(same, without="IN1").questions


@pytest.mark.parametrize(
    ("ids", "names", "payer"),
    [
        ("BCBS of IL", "Blue Cross", (None, "Blue Cross")),
        ("BCBS of IL", "", (None, "BCBS of IL")),
        ("1992999825^^^CMS^NPI~NORTHSTAR^^^^NIIP", "Northstar", ("NORTHSTAR", "Northstar")),
        ("NORTHSTAR", "Blue Cross & Blue Shield", ("NORTHSTAR", "Blue Cross & Blue Shield")),
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


def test_two_who_refer_are_a_question() -> None:
    told = referral("PRD|RP|A^B|||||1992999825^NPI", "PRD|RP|Tester^Morgan|||||1489012371^NPI", without="PRD")
    assert told.prescriber.npi is None
    assert asked(told) == [("prescriber.npi", SEVERAL, ("B A 1992999825", "Morgan Tester 1489012371"))]


def test_the_contact_of_the_prescriber_not_of_another() -> None:
    segments = ("PRD|RT|Pharmacy", "CTD|1|Wrong^One", "PRD|RP|Tester^Morgan|||||1489012371^NPI", "CTD|1|Right^Rae")
    assert referral(*segments, without="PRD").prescriber.contact_name == "Rae Right"


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


def test_a_document_that_is_marked_wrong_is_left_out() -> None:
    assert referral(document("Tm90ZS4=", status="W")).documents == ()


def test_a_referral_that_is_only_a_document() -> None:
    told = read("\r".join([message().split("\r")[0], "RF1||||||R-1", document("Tm90ZS4=")]))
    assert told.documents[0].has_content
    assert not told.questions
    assert "patient.family_name" in missing_facts(told)[BlockedStep.ELIGIBILITY]


def test_a_text_that_was_broken_into_lines_is_whole() -> None:
    assert (
        referral("NTE|1||First line\nsecond line ^ with | R&D~third").patient.history
        == "First line\nsecond line ^ with"
    )
    assert referral("NTE|1||5^6 & 7~8").patient.history == "5^6 & 7\n8"


@pytest.mark.parametrize(
    ("kin", "name"),
    [
        (("NK1|1|First^Kin|SPO||312-555-0101|||", "NK1|2|Care^Giver|CGV||312-555-0102"), "Giver Care"),
        (("NK1|1|Employer^The|EMR||312-555-0101||E", "NK1|2|Next^Kin|SPO||312-555-0102||N"), "Kin Next"),
        (("NK1|1|Gone^Kin|SPO||||N|20100101|20191231", "NK1|2|Next^Kin|SPO||||N"), "Kin Next"),
    ],
)
def test_the_caregiver_among_relatives(kin: tuple[str, ...], name: str) -> None:
    told = referral(*kin).patient.caregiver
    assert told is not None
    assert told.name == name
