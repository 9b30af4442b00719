"""From HL7 v2: the order as a whole: its medications, diagnoses (DG1), notes (NTE), start, and facts of ours (OBX)."""

import re
from collections.abc import Iterator
from datetime import date

from desk.intake.draft import Draft
from desk.intake.hl7v2_choice import is_void, take
from desk.intake.hl7v2_groups import OrderGroup, Orders
from desk.intake.hl7v2_medication import drug_name, map_medication
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_observation import ToldFacts
from desk.intake.hl7v2_time import date_of, day
from firstdose.domain.referral.choice import Candidate, in_order
from firstdose.domain.referral.question import QuestionReason

_ICD10 = re.compile(r"I10C?|I10CM|ICD-?10(-?CM)?|2\.16\.840\.1\.113883\.6\.90", re.IGNORECASE)
_ICD10_SHAPE = re.compile(r"[A-UW-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?", re.IGNORECASE)
"""Not V: without its system it is more likely ICD-9, where V codes are reasons for care."""
_TYPES = {"F": 0, "W": 1, "": 1, "A": 2}
"""DG1-6: final, working, admitting."""
_LAST = 999


def map_order(draft: Draft, er7: Er7, told: Orders, facts: ToldFacts) -> None:
    several = len(told.taken) > 1
    frequencies, days = (
        [] if several else facts.best(path, draft.today) for path in ("order.frequency", "order.duration_days")
    )
    for index, group in enumerate(told.taken or [OrderGroup()]):
        map_medication(draft, group, f"order.medications[{index}]", frequencies, days)
    _ask_about(draft, told)
    _map_diagnoses(draft, er7)
    facts.put_all(draft)
    draft.put("patient.history", "\n".join(_notes(er7, told)), "NTE-3")


def service_day(draft: Draft, er7: Er7, facts: ToldFacts) -> date:
    """When the order starts, as ours says or RF1-7; today if that has been or is not told."""
    starts = [*facts.candidates("order.requested_start")]
    starts += [Candidate(told, fit=1) for told in [day(er7.first("RF1").get(7))] if told]
    taken = take(draft, "order.requested_start", starts)
    draft.put("order.requested_start", taken, "RF1-7")
    return max(date_of(str(taken or "").replace("-", "")) or draft.today, draft.today)


def _ask_about(draft: Draft, told: Orders) -> None:
    if told.unclear:
        draft.ask("order.drug", QuestionReason.SEVERAL, _names(told.unclear))
    elif not told.taken and (names := _names(told.left_out)):
        draft.ask("order.drug", QuestionReason.NOT_IN_FORCE, names)
    drugs = [(group.drugs[0].get(1), drug_name(group.drugs[0]).casefold()) for group in told.taken]
    twice = [group for group, drug in zip(told.taken, drugs, strict=True) if drugs.count(drug) > 1]
    if twice:
        draft.ask("order.drug", QuestionReason.SEVERAL, _names(twice))


def _names(groups: list[OrderGroup]) -> list[str]:
    return [drug_name(group.drugs[0]) or group.drugs[0].get(1) for group in groups if group.drugs]


def _map_diagnoses(draft: Draft, er7: Er7) -> None:
    """The principal one by its own mark: its priority (DG1-15), then its type, then its number in the message."""
    told = [one for one in er7.every("DG1") if not is_void(one)]
    codes = (Candidate(code, fit=_diagnosis_fit(one)) for one in told for code in _icd10(one))
    listed = in_order(codes, draft.today)
    draft.put("order.diagnoses", listed, "DG1-3")
    if told and not listed:
        draft.ask("order.diagnoses", QuestionReason.NOT_UNDERSTOOD, (one.get(3, 2) or one.get(3) for one in told))


def _diagnosis_fit(diagnosis: Hl7Segment) -> int:
    kind = _TYPES.get(diagnosis.get(6).upper(), 1)
    return (diagnosis.number(15, otherwise=_LAST) * 10 + kind) * 1000 + diagnosis.number(1, otherwise=_LAST)


def _icd10(diagnosis: Hl7Segment) -> Iterator[str]:
    """The system stands beside the code, or in DG1-2; where neither tells it the code's shape must be ICD-10-CM's."""
    for code, system in ((1, 3), (4, 6)):
        told = diagnosis.get(3, code)
        named = diagnosis.get(3, system) or (diagnosis.get(2) if code == 1 else "")
        if told and (_ICD10.fullmatch(named) or (not named and code == 1 and _ICD10_SHAPE.fullmatch(told))):
            yield told
            return


def _notes(er7: Er7, told: Orders) -> Iterator[str]:
    """Not those of an order or a result that does not count."""
    unused = [segment for group in told.left_out for segment in group.segments if group not in told.taken]
    of: Hl7Segment | None = None
    for segment in er7.segments:
        if segment.name != "NTE":
            of = segment
        elif segment not in unused and not (of and is_void(of)):
            yield from filter(None, (segment.whole(3, repetition) for repetition in segment.repetitions(3)))
