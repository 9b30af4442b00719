"""The patient in an HL7 v2 message: of several names, addresses, phones, weights, allergies the one that counts."""

import pytest

from firstdose.domain.referral.facts import BlockedStep, missing_facts
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Referral
from tests.unit.hl7v2_referral import asked, referral

SEVERAL, NOT_IN_FORCE = QuestionReason.SEVERAL, QuestionReason.NOT_IN_FORCE


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
        ("312-555-0102^PRN^PH^^^^^204", ["312-555-0102 ext. 204"]),
        ("312-555-0102 x204^PRN^PH^^^^^204", ["312-555-0102 x204"]),
        ("^PRN^PH^^^^^204~312-555-0102", ["312-555-0102"]),
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


@pytest.mark.parametrize(
    ("written", "substance"),
    [("7980^Penicillin^RXNORM^P1^PCN^L", "Penicillin"), ("7980^^RXNORM^P1^Penicillin", "Penicillin"), ("PCN", "PCN")],
)
def test_an_allergy_by_its_words(written: str, substance: str) -> None:
    told = referral(f"AL1|1||{written}", without="AL1").patient.allergies
    assert isinstance(told, tuple)
    assert told[0].substance == substance


def test_sex_with_its_words_and_a_relationship_by_its_code() -> None:
    assert referral(pid(8, "^Female")).patient.sex == "female"
    told = referral("NK1|1|Next^Kin|SPO^Spouse", "NK1|2|Other^One|EMR||||E").patient.caregiver
    assert told is not None
    assert told.relationship == "Spouse"
    coded = referral("NK1|1|Next^Kin|SPO").patient.caregiver
    assert coded is not None
    assert coded.relationship == "SPO"


def test_two_relatives_alike_are_a_question() -> None:
    told = referral("NK1|1|Next^Kin|SPO", "NK1|2|Other^One|CHD")
    assert asked(told) == [("patient.caregiver", SEVERAL, ("Kin Next", "One Other"))]


def test_reactions_are_kept_together() -> None:
    told = referral("AL1|1||^Penicillin||Hives~Wheezing").patient.allergies
    assert not isinstance(told, str)
    assert told is not None
    assert told[0].reaction == "Hives, Wheezing"


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
