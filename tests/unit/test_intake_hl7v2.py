"""HL7 v2 at the door: events, character sets, escapes, repetitions, and problems by field."""

from datetime import date
from gzip import compress
from pathlib import Path

import pytest

from desk.intake.message import ParsedMessage
from desk.intake.parse import parse
from desk.intake.problems import Invalid, Unparseable, UnsupportedType
from firstdose.domain.referral.order import Route, TherapyKind
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import DocumentKind, LineOfBusiness, Referral, Urgency
from firstdose.domain.referral.source_message import CancelReason, MessageType

TODAY = date(2026, 11, 21)
ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "docs/examples/referral.hl7").read_text()


def read(message: str, encoding: str = "utf-8") -> ParsedMessage:
    return parse("application/hl7-v2", message.encode(encoding), today=TODAY)


def referral(old: str, new: str) -> Referral:
    assert EXAMPLE.count(old) >= 1
    told = read(EXAMPLE.replace(old, new, 1)).referral
    assert told is not None
    return told


def test_the_example() -> None:
    message = read(EXAMPLE)
    assert (message.type, message.source_referral_id) == (MessageType.RECEIVED, "REF-10042")
    told = message.referral
    assert told is not None
    assert (told.urgency, told.order.therapy, told.order.route) == (
        Urgency.URGENT,
        TherapyKind.ANTI_INFECTIVE,
        Route.IV,
    )
    assert told.patient.phones == ("+1-312-555-0117",)
    assert told.patient.email == "avery.sample@example.org"
    assert [plan.member_id for plan in told.coverages] == ["NSH000123456", "PM-7788"]
    assert told.documents[0].kind is DocumentKind.CLINICAL_NOTE
    assert told.documents[0].has_content


@pytest.mark.parametrize("ends", ["\r", "\r\n", "\n"])
def test_any_line_ending_and_the_frame_of_mllp(ends: str) -> None:
    framed = "\x0b" + EXAMPLE.replace("\n", ends) + "\x1c\r"
    assert read(framed).referral == read(EXAMPLE).referral


def test_a_new_version() -> None:
    assert read(EXAMPLE.replace("REF^I12", "REF^I13", 1)).type is MessageType.UPDATED


def test_a_cancellation_in_own_words() -> None:
    body = (ROOT / "tests/data/referrals/cancelled.hl7").read_text()
    message = read(body)
    assert (message.type, message.source_referral_id) == (MessageType.CANCELLED, "REF-10042")
    assert (message.reason, message.note) == (CancelReason.WITHDRAWN, "The family asked for another pharmacy.")


def test_a_cancellation_because_the_patient_died() -> None:
    body = (ROOT / "tests/data/referrals/cancelled.hl7").read_text()
    assert read(body.replace("Sample^Avery", "Sample^Avery" + "|" * 25 + "Y")).reason is CancelReason.DECEASED


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("UNICODE", "utf-8"),
        ("", "utf-8"),
        ('""', "utf-8"),
        ("8859/1", "iso-8859-1"),
        ("ISO-8859-1", "iso-8859-1"),
        ("8859/1~UNICODE", "iso-8859-1"),
        ("8859/15", "iso-8859-15"),
        ("WINDOWS-1252", "cp1252"),
    ],
)
def test_character_sets_as_senders_write_them(charset: str, encoding: str) -> None:
    assert _named(charset, "Müller", encoding) == "Müller"


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("ASCII", "utf-8"), ("UNICODE UTF-8", "iso-8859-1"), ("", "cp1252"), ("ISO IR87", "utf-8")],
)
def test_another_character_set_is_refused_by_the_name_of_its_field(charset: str, encoding: str) -> None:
    with pytest.raises(Unparseable, match="MSH-18"):
        _named(charset, "Müller", encoding)


def test_a_character_set_that_only_the_content_type_tells() -> None:
    body = EXAMPLE.replace("UNICODE UTF-8", "", 1).replace("Sample^Avery", "Müller^Avery", 1).encode("iso-8859-1")
    told = parse("application/hl7-v2; charset=ISO-8859-1", body, today=TODAY).referral
    assert told is not None
    assert told.patient.family_name == "Müller"


def test_controls_are_the_letters_of_windows_1252_that_they_were() -> None:
    for charset, encoding in (("8859/1", "cp1252"), ("UNICODE UTF-8", "utf-8")):
        name = "O’Sample" if encoding == "cp1252" else "O\x92Sample"
        assert _named(charset, name, encoding) == "O’Sample"
    for charset, encoding in (("8859/2", "iso-8859-2"), ("8859/1", "iso-8859-1"), ("UNICODE UTF-8", "utf-8")):
        with pytest.raises(Unparseable):
            _named(charset, "O\x81Sample", encoding)


def _named(charset: str, family: str, encoding: str) -> str | None:
    message = EXAMPLE.replace("UNICODE UTF-8", charset, 1).replace("Sample^Avery", f"{family}^Avery", 1)
    told = read(message, encoding).referral
    assert told is not None
    return told.patient.family_name


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (r"12 R\T\D \F\ C\S\D \E\ \R\ .", "12 R&D | C^D \\ ~ ."),
        (r"M\XC3BC\ller", "Müller"),
        (r"M\XC3\\XBC\ller", "Müller"),
        (r"20\X0D\\X0A\1.2", "20\n1.2"),
        (r"1\.sp\5\.in+4\6\.br\7", "1\n5 6\n7"),
        (r"\H\bold\N\ed", "bolded"),
        (r"5\6 \Main St", r"5\6 \Main St"),
    ],
)
def test_escapes(written: str, read_as: str) -> None:
    assert referral("1200 Example Street", written).patient.address.line[0] == read_as


@pytest.mark.parametrize("escape", ["XFF", "X00", "XC292", "C2842", "M2842ab", "Zxx", "Xq"])
def test_an_escape_that_cannot_be_read_is_asked_about(escape: str) -> None:
    told = referral("Sample^Avery", f"Sam\\{escape}\\ple^Avery")
    assert (told.patient.family_name, told.patient.given_name) == (None, "Avery Quinn")
    (asked,) = told.questions
    assert (asked.path, asked.reason) == ("patient.family_name", QuestionReason.NOT_UNDERSTOOD)
    assert escape in asked.values[0]


def test_phones_put_together_from_their_parts() -> None:
    told = referral("+1-312-555-0117^PRN^PH", "^PRN^CP^^1^312^5550117")
    assert told.patient.phones == ("312-555-0117",)


@pytest.mark.parametrize("code", ["NKDA", "716186003^No known allergy^SCT"])
def test_no_known_allergy(code: str) -> None:
    assert referral("^Penicillin||Hives", code).patient.allergies == "none_known"


@pytest.mark.parametrize(
    ("kind", "business"),
    [
        ("MC", LineOfBusiness.MEDICAID),
        ("16", LineOfBusiness.MEDICARE_ADVANTAGE),
        ("Medicare Advantage", LineOfBusiness.MEDICARE_ADVANTAGE),
        ("Other", LineOfBusiness.OTHER),
        ("MA", None),
    ],
)
def test_line_of_business(kind: str, business: LineOfBusiness | None) -> None:
    told = referral("medicare_advantage", kind)
    assert told.coverages[0].line_of_business is business
    assert [one.values for one in told.questions] == ([] if business else [(kind,)])


def test_coverages_stand_in_the_order_of_benefits() -> None:
    told = referral("||1||||||||||||||NSH", "||3||||||||||||||NSH")
    assert [plan.payer.id for plan in told.coverages] == ["PRAIRIE", "NORTHSTAR"]


def test_a_discharge_is_in_the_zone_of_the_message() -> None:
    told = referral("202611231600-0600", "202611231600")
    assert told.discharge_at is not None
    assert told.discharge_at.isoformat() == "2026-11-23T16:00:00-06:00"


@pytest.mark.parametrize(
    ("written", "shown"),
    [("202611231600", "202611231600"), ("2026112316-0600", "2026112316-0600"), ("20261123", "2026-11-23")],
)
def test_a_discharge_that_is_no_moment_is_asked_about(written: str, shown: str) -> None:
    without = EXAMPLE.replace("202611231600-0600", written).replace("20261120090405-0600", "20261120090405")
    told = read(without).referral
    assert told is not None
    assert told.discharge_at is None
    assert [(one.path, one.values) for one in told.questions] == [("discharge_at", (shown,))]


def test_facts_of_ours_are_known_by_their_coding_system() -> None:
    assert referral("therapy^^FIRSTDOSE", "therapy^^LN").order.therapy is None
    assert referral("site^^FIRSTDOSE", "shoe_size^^FIRSTDOSE").order == read(EXAMPLE).referral.order  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("19610417", "20310101", "PID-7"),
        ("19610417", "19611317", "PID-7"),
        ("19610417", "in spring", "PID-7"),
        ("REF-10042", "", "RF1-6"),
        ("REF-10042", "REF\\Zx\\", "RF1-6"),
    ],
)
def test_doubt_about_who_is_meant_is_named_by_field(old: str, new: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        referral(old, new)
    assert [problem["path"] for problem in refused.value.errors] == [path]


@pytest.mark.parametrize(
    ("old", "new", "path", "shown"),
    [
        ("1489012371", "1489012372", "prescriber.npi", "1489012372"),
        ("RF1||A", "RF1||X", "urgency", "X"),
        ("M86161", "M8", "order.diagnoses", "M8"),
        ("19590902", "20310101", "coverages[1].subscriber.birth_date", "2031-01-01"),
        ("anti_infective", "leeches", "order.therapy", "leeches"),
        ("needs_nursing^^FIRSTDOSE||Y", "needs_nursing^^FIRSTDOSE||maybe", "order.needs_nursing", "maybe"),
        ("70.5", "heavy", "patient.weight_kg", "heavy kg"),
        ("70.5", "1e9", "patient.weight_kg", "1000000000.0"),
        ("42^d", "2^mo", "order.duration_days", "2 mo"),
        ("RXR|IV", "RXR|PO^By mouth", "order.route", "By mouth"),
        ("every 12 hours", "when awake", "order.frequency", "when awake"),
        ("SPO^Spouse^HL70063|1959", "4^Cousin|1959", "coverages[1].relationship", "4 Cousin"),
        ("^Base64^", "^Base64^!", "documents[0].data", None),
    ],
)
def test_one_odd_fact_is_a_question_and_refuses_nothing(old: str, new: str, path: str, shown: str | None) -> None:
    told = referral(old, new)
    assert [(one.path, one.reason) for one in told.questions] == [(path, QuestionReason.NOT_UNDERSTOOD)]
    assert shown is None or told.questions[0].values == (shown,)


@pytest.mark.parametrize("event", ["ADT^A01", "REF^I15", "REF", ""])
def test_other_events_are_no_referrals(event: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(EXAMPLE.replace("REF^I12^REF_I12", event, 1))
    assert refused.value.errors[0]["path"] == "MSH-9"


def test_a_message_that_does_not_say_what_it_is() -> None:
    with pytest.raises(Invalid) as refused:
        read(EXAMPLE.replace("REF^I12^REF_I12", "", 1))
    assert "missing" in refused.value.errors[0]["problem"]


@pytest.mark.parametrize(("more", "path"), [("PID|1||||Other^Person", "PID[2]"), ("RF1||A||||OTHER", "RF1[2]-6")])
def test_two_patients_or_referrals_in_one_message(more: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(f"{EXAMPLE}{more}")
    assert refused.value.errors[0]["path"] == path


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("", "MSH"),
        ("MSH", "MSH-1 and MSH-2"),
        ("MSH|", "MSH-1 and MSH-2"),
        ("PID|1", "does not begin with the segment MSH"),
        ('{"type": "referral.received"}', "does not begin with the segment MSH"),
        ("MSH*^~\\&*EHR", "MSH-1 and MSH-2"),
        (EXAMPLE.replace("Sample", "Sam\x00ple", 1), "NUL"),
        (EXAMPLE + EXAMPLE, "several messages"),
        ("FHS|^~\\&\r" + EXAMPLE, "batch"),
        ("BHS|^~\\&\r" + EXAMPLE, "batch"),
        (EXAMPLE + "NTE|1||" + "~" * 20_001, "20000"),
    ],
)
def test_what_is_no_single_message_is_unparseable_and_says_why(message: str, cause: str) -> None:
    with pytest.raises(Unparseable, match=cause):
        read(message)


def test_a_compressed_body_is_named() -> None:
    with pytest.raises(UnsupportedType, match="gzip"):
        parse("application/hl7-v2", compress(EXAMPLE.encode()), today=TODAY)


def test_a_byte_order_mark_is_no_part_of_the_message() -> None:
    assert read("\ufeff" + EXAMPLE).referral == read(EXAMPLE).referral
