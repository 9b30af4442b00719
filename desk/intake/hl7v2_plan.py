"""From HL7 v2: the coverages (IN1) that are in force when the service begins, in the order in which they pay."""

import re
from collections.abc import Iterator
from datetime import date

from desk.intake.draft import Draft
from desk.intake.hl7v2_choice import take
from desk.intake.hl7v2_contact import HumanName, names
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_time import date_of, day
from firstdose.domain.referral.choice import Candidate, in_order
from firstdose.domain.referral.person_name import family_fits, given_fits
from firstdose.domain.referral.question import QuestionReason

_RELATIONSHIPS = {
    **dict.fromkeys(("SEL", "SELF", "18", "PATIENT", "INSURED", "SUBSCRIBER", "SAME"), "self"),
    **dict.fromkeys(("SPO", "SPOUSE", "01", "HUSBAND", "WIFE"), "spouse"),
    **dict.fromkeys(("CHD", "CHILD", "19", "SON", "DAUGHTER", "NCH", "SCH", "ADC", "FCH", "DEP"), "child"),
    **dict.fromkeys(("PAR", "PARENT", "FTH", "FATHER", "MTH", "MOTHER"), "child"),
    **dict.fromkeys(("OTH", "OTHER", "G8", "DOM", "53", "GRD", "GRP", "SIB", "BRO", "SIS", "EXF", "OAD"), "other"),
}
"""Table 0063, X12 and words. The insured is the patient's parent where IN1-17 says so: the patient is the child."""
_TABLES = frozenset({"", "HL70063", "0063", "X12", "X12DE1069"})
_BUSINESSES = {
    "CI": "commercial",
    "BL": "commercial",
    "HM": "commercial",
    "MB": "medicare",
    "MC": "medicaid",
    "16": "medicare_advantage",
}
"""X12 claim filing indicators, as sent in IN1-15. Not MA: it is Part A to some and Medicare Advantage to others."""
_WORDS = {"commercial", "employer", "medicare_advantage", "medicare", "medicaid", "other"}
_PAYER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_NO_PAYER_IDS = frozenset({"NPI", "TAX", "EN", "EI"})
_PAYER_NAMES = {"L": 0, "": 0, "D": 1}
_LAST = 999


def map_coverages(draft: Draft, er7: Er7, service_day: date) -> None:
    draft.put("coverages", None, "IN1")
    plans = [_candidate(plan) for plan in er7.every("IN1")]
    ranked = _different(in_order(plans, service_day))
    if plans and not ranked:
        draft.ask("coverages", QuestionReason.NOT_IN_FORCE, (_shown(one.value) for one in plans))
    first = [plan for plan in ranked if plan.get(22) and plan.get(22) == ranked[0].get(22)]
    if len(first) > 1:
        draft.ask("coverages", QuestionReason.SEVERAL, map(_shown, first))
    for index, plan in enumerate(ranked):
        _map_coverage(draft, plan, f"coverages[{index}]", "secondary" if index else "primary", er7.first("PID"))


def _candidate(plan: Hl7Segment) -> Candidate[Hl7Segment]:
    """By the order of benefits (IN1-22), else by the set id, with which a message numbers them."""
    fit = plan.number(22, otherwise=_LAST) * 1000 + plan.number(1, otherwise=_LAST)
    return Candidate(plan, begins=date_of(plan.get(12)), ends=_ends(plan), fit=fit)


def _ends(plan: Hl7Segment) -> date | None:
    """IN1-13. Some write the period two fields too early: the employer's name (IN1-11) is never a day."""
    return date_of(plan.get(13)) or date_of(plan.get(11))


def _different(plans: list[Hl7Segment]) -> list[Hl7Segment]:
    return list({(plan.get(3), plan.get(4), plan.get(36) or plan.get(49)): plan for plan in reversed(plans)}.values())[
        ::-1
    ]


def _shown(plan: Hl7Segment) -> str:
    return " ".join(part for part in (plan.get(4) or plan.get(3), plan.get(36) or plan.get(49)) if part)


def _map_coverage(draft: Draft, plan: Hl7Segment, at: str, order: str, pid: Hl7Segment) -> None:
    draft.put(f"{at}.order", order, plan.at(22))
    payer_id = take(draft, f"{at}.payer.id", _payer_ids(plan))
    draft.put(f"{at}.payer.id", payer_id, plan.at(3))
    name = take(draft, f"{at}.payer.name", _payer_names(plan))
    draft.put(f"{at}.payer.name", name or (None if payer_id else plan.get(3)), plan.at(4))
    draft.put(f"{at}.line_of_business", _business(plan), plan.at(15))
    draft.put(f"{at}.member_id", plan.get(36) or plan.get(49), plan.at(36))
    draft.put(f"{at}.group", plan.get(8), plan.at(8))
    _map_subscriber(draft, plan, at, pid)


def _payer_ids(plan: Hl7Segment) -> Iterator[Candidate[str]]:
    """IN1-3, CX. What has blanks in it is a name."""
    for repetition in plan.repetitions(3):
        told, kind = plan.get(3, 1, repetition), plan.get(3, 5, repetition).upper()
        if _PAYER_ID.fullmatch(told) and kind not in _NO_PAYER_IDS:
            yield Candidate(told, fit=0 if kind in ("", "NIIP", "PAYERID", "PI") else 1)


def _payer_names(plan: Hl7Segment) -> Iterator[Candidate[str]]:
    for repetition in plan.repetitions(4):
        if told := plan.get(4, 1, repetition):
            yield Candidate(told, fit=_PAYER_NAMES.get(plan.get(4, 2, repetition).upper(), 2))


def _business(plan: Hl7Segment) -> str:
    """One that is not known stays as it came, to be asked about."""
    told = plan.get(15)
    plain = told.lower().replace(" ", "_")
    return plain if plain in _WORDS else _BUSINESSES.get(told.upper(), told)


def _map_subscriber(draft: Draft, plan: Hl7Segment, at: str, pid: Hl7Segment) -> None:
    told = plan.get(17) or plan.get(17, 2)
    relationship = _relationship(plan)
    subscriber = draft.pick(f"{at}.subscriber", names(plan, 16)) or HumanName()
    if not told and str(subscriber) and not _is_one_of(subscriber, in_order(names(pid, 5), draft.today)):
        draft.ask(f"{at}.relationship", QuestionReason.NOT_UNDERSTOOD, [subscriber])
    if not told or relationship == "self":
        return
    draft.put(f"{at}.relationship", relationship or " ".join((plan.get(17), plan.get(17, 2))), plan.at(17))
    draft.put(f"{at}.subscriber.family_name", subscriber.family, plan.at(16))
    draft.put(f"{at}.subscriber.given_name", subscriber.given, plan.at(16))
    draft.put(f"{at}.subscriber.birth_date", day(plan.get(18)), plan.at(18))


def _is_one_of(subscriber: HumanName, known: list[HumanName]) -> bool:
    return any(family_fits(subscriber.family, one.family) and given_fits(subscriber.given, one.given) for one in known)


def _relationship(plan: Hl7Segment) -> str | None:
    """By its words, for the code may be of the sender's own; else by the code of a known table."""
    code, words, table = (plan.get(17, component).upper() for component in (1, 2, 3))
    return _RELATIONSHIPS.get(words) or (_RELATIONSHIPS.get(code) if table in _TABLES else None)
