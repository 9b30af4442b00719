"""HL7 v2 at the door: events, character sets, escapes, repetitions, and problems by field."""

from datetime import date
from pathlib import Path

import pytest

from desk.intake.message import ParsedMessage
from desk.intake.parse import parse
from desk.intake.problems import Invalid, Unparseable
from firstdose.domain.referral.order import Route, TherapyKind
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


def test_character_sets() -> None:
    def named(charset: str) -> str:
        return EXAMPLE.replace("UNICODE UTF-8", charset, 1).replace("Sample^Avery", "Müller^Avery", 1)

    for charset, encoding in (
        ("UNICODE UTF-8", "utf-8"),
        ("", "utf-8"),
        ("8859/1", "iso-8859-1"),
        ("8859/1~UNICODE", "iso-8859-1"),
    ):
        told = read(named(charset), encoding).referral
        assert told is not None
        assert told.patient.family_name == "Müller"
    for charset, encoding in (("ASCII", "utf-8"), ("UNICODE UTF-8", "iso-8859-1"), ("ISO IR87", "utf-8")):
        with pytest.raises(Unparseable):
            read(named(charset), encoding)


def test_escapes() -> None:
    told = referral("1200 Example Street", r"12 R\T\D \F\ C\S\D \E\ \R\ \X0D\\Zxx\\.in9999999\.")
    assert told.patient.address.line[0] == "12 R&D | C^D \\ ~ ."


def test_phones_put_together_from_their_parts() -> None:
    told = referral("+1-312-555-0117^PRN^PH", "^PRN^CP^^1^312^5550117")
    assert told.patient.phones == ("312-5550117",)


@pytest.mark.parametrize("code", ["NKDA", "716186003^No known allergy^SCT"])
def test_no_known_allergy(code: str) -> None:
    assert referral("^Penicillin||Hives", code).patient.allergies == "none_known"


@pytest.mark.parametrize(
    ("kind", "business"),
    [
        ("MC", LineOfBusiness.MEDICAID),
        ("16", LineOfBusiness.MEDICARE_ADVANTAGE),
        ("Other", LineOfBusiness.OTHER),
        ("MA", None),
    ],
)
def test_line_of_business(kind: str, business: LineOfBusiness | None) -> None:
    assert referral("medicare_advantage", kind).coverages[0].line_of_business is business


def test_coverages_stand_in_the_order_of_benefits() -> None:
    told = referral("||1||||||||||||||NSH", "||3||||||||||||||NSH")
    assert [plan.payer.id for plan in told.coverages] == ["PRAIRIE", "NORTHSTAR"]


def test_a_discharge_is_in_the_zone_of_the_message() -> None:
    told = referral("202611231600-0600", "202611231600")
    assert told.discharge_at is not None
    assert told.discharge_at.isoformat() == "2026-11-23T16:00:00-06:00"
    without = EXAMPLE.replace("202611231600-0600", "202611231600").replace("20261120090405-0600", "20261120090405")
    nowhere = read(without).referral
    assert nowhere is not None
    assert nowhere.discharge_at is None


def test_facts_of_ours_are_known_by_their_coding_system() -> None:
    assert referral("therapy^^FIRSTDOSE", "therapy^^LN").order.therapy is None
    assert referral("site^^FIRSTDOSE", "shoe_size^^FIRSTDOSE").order == read(EXAMPLE).referral.order  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("19610417", "20310101", "PID-7"),
        ("19610417", "19611317", "PID-7"),
        ("19610417", "in spring", "PID-7"),
        ("1489012371", "1489012372", "PRD-7"),
        ("REF-10042", "", "RF1-6"),
        ("RF1||A", "RF1||X", "RF1-2"),
        ("M86161", "?", "DG1-3"),
        ("PRAIRIE", "Prairie Mutual", "IN1[2]-3"),
        ("19590902", "20310101", "IN1[2]-18"),
        ("anti_infective", "leeches", "OBX[2]-5"),
        ("needs_nursing^^FIRSTDOSE||Y", "needs_nursing^^FIRSTDOSE||maybe", "OBX[6]-5"),
        ("70.5", "heavy", "OBX-5"),
        ("70.5", "1e308", "OBX-5"),
        ("42^d", "1e308^wk", "TQ1-6"),
        ("^Base64^", "^Base64^!", "OBX[10]-5"),
    ],
)
def test_problems_are_named_by_field(old: str, new: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        referral(old, new)
    assert [problem["path"] for problem in refused.value.errors] == [path]


@pytest.mark.parametrize("event", ["ADT^A01", "REF^I15", "REF", ""])
def test_other_events_are_no_referrals(event: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(EXAMPLE.replace("REF^I12^REF_I12", event, 1))
    assert refused.value.errors[0]["path"] == "MSH-9"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "MSH",
        "MSH|",
        "PID|1",
        "MSH*^~\\&*EHR",
        EXAMPLE.replace("Sample", "Sam\x00ple", 1),
        EXAMPLE + EXAMPLE,
        EXAMPLE + "NTE|1||" + "~" * 20_001,
    ],
)
def test_what_is_no_single_message_is_unparseable(message: str) -> None:
    with pytest.raises(Unparseable):
        read(message)
