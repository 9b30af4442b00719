"""A referral in HL7 v2 whose segments a test gives: the rest is a plain one."""

from datetime import date

from desk.intake.parse import parse
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Referral

TODAY = date(2026, 11, 21)
PLAIN = (
    "MSH|^~\\&|EHR|Lakeside General|FIRSTDOSE|PHARMACY|20261120090405-0600||REF^I12|M1|P|2.5.1||||||UNICODE UTF-8",
    "RF1||R||||R-1|20261201",
    "PRD|RP|Tester^Morgan|||312-555-0150^WPN^PH||1489012371^NPI",
    "PID|1||||Sample^Avery||19610417|F|||1 Example Street^^Chicago^IL^60601^^H||312-555-0117^PRN^PH",
    "IN1|1||NORTHSTAR|Northstar||||G1|||||||commercial||SEL|||||1||||||||||||||NS1",
    "DG1|1||M86161^^I10C",
    "AL1|1||^Penicillin",
    "ORC|NW|P1",
    "RXO|J3370^Vancomycin^HCPCS|1||g",
    "RXR|IV",
    "TQ1|1||Q12H|||42^d",
    "OBX|1|NM|29463-7^Body weight^LN||70.5|kg|||||F|||20261119",
    "OBX|2|ST|therapy^^FIRSTDOSE||anti_infective||||||F",
    "OBX|3|ST|signed_on^^FIRSTDOSE||20261120||||||F",
    "NTE|1||Type 2 diabetes.",
)


def message(*segments: str, without: str = "") -> str:
    """The plain one with these segments: they take the place of those of their names and of `without`."""
    names = {segment[:3] for segment in segments} | set(without.split())
    return "\r".join([*(one for one in PLAIN if one[:3] not in names), *segments])


def read(text: str) -> Referral:
    told = parse("application/hl7-v2", text.encode(), today=TODAY).referral
    assert told is not None
    return told


def referral(*segments: str, without: str = "") -> Referral:
    return read(message(*segments, without=without))


def asked(told: Referral) -> list[tuple[str, QuestionReason, tuple[str, ...]]]:
    return [(one.path, one.reason, one.values) for one in told.questions]
