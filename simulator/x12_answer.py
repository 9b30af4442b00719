"""The simulated payer's 271 and 278 responses, segment by segment."""

from datetime import date, timedelta
from decimal import Decimal

from simulator.payer_book import Asking, Filed
from simulator.scenario import Eligibility, NumberPlace, ScenarioStep, Word
from simulator.x12_message import ReceivedX12

_PENDED = "A4"
_CODES = {
    Word.APPROVE: "A1",
    Word.PARTIAL: "A2",
    Word.DENY: "A3",
    Word.PEND: _PENDED,
    Word.REQUEST_INFORMATION: _PENDED,
    Word.MODIFY: "A6",
    Word.CANCEL: "C",
    Word.NOT_REQUIRED: "NA",
    Word.UNKNOWN: "ZZ",
}
_UNITS = {"drug": "FL", "per_diem": "DY", "nursing": "VS"}
_VALID = timedelta(days=90)


def review_answer(asked: ReceivedX12, filed: Filed) -> list[str]:
    """The answer to a 278 as it stands."""
    step = filed.present
    said = {_CODES[step.word_for(line.kind)] for line in filed.lines}
    at, whole = filed.payer_script.number_at, f"AUTH{filed.trace[:8]}".upper()
    return [
        *_people(asked, "X3"),
        "HL*4*3*EV*1",
        *_named(filed, asked),
        "UM*HS*I*42*12:B",
        f"HCR*{_of_all(said)}" + (f"*{whole}" if at is NumberPlace.EVENT else ""),
        *([f"REF*BB*{whole}"] if at is NumberPlace.EVENT_REFERENCE else []),
        *([f"REF*NT*PEND{filed.trace[:8].upper()}"] if _PENDED in said else []),
        *(
            segment
            for number, line in enumerate(filed.lines, start=5)
            for segment in _service(number, line, filed, step)
        ),
    ]


def _named(filed: Filed, asked: ReceivedX12) -> list[str]:
    """Over X12 there is no other way to name a request than by its number."""
    if filed.payer_script.names_us:
        return [f"TRN*2*{filed.trace}*{asked.originator}"]
    return [f"TRN*1*R{filed.trace[:8].upper()}*9SIMULATED"]


def _of_all(said: set[str]) -> str:
    """The action on the event as a whole: theirs, if it is one and the same; else it waits, or is granted in part."""
    if len(said) == 1:
        return next(iter(said))
    return _PENDED if _PENDED in said else "A2"


def _service(number: int, line: Asking, filed: Filed, step: ScenarioStep) -> list[str]:
    word = step.word_for(line.kind)
    authorized = word in (Word.APPROVE, Word.PARTIAL, Word.MODIFY)
    less = word in (Word.PARTIAL, Word.MODIFY)
    asks = word is Word.REQUEST_INFORMATION
    reason = step.reason if word is Word.DENY else None
    numbered = authorized and filed.payer_script.number_at is NumberPlace.SERVICE
    certificate = f"AUTH{filed.trace[:8]}{line.sequence}".upper() if numbered else ""
    start = filed.answered_at.date()
    return [
        f"HL*{number}*4*SS*0",
        *([f"TRN*2*{filed.trace}-{line.sequence}*{filed.trace_system}"] if filed.payer_script.names_us else []),
        "*".join(["HCR", _CODES[word], certificate, reason or ""]).rstrip("*"),
        *([f"DTP*007*RD8*{_days(start, start + _VALID)}"] if authorized else []),
        *(["HI*" + "*".join(f"LOI:{code}" for code in step.wants)] if asks and step.wants else []),
        f"SV1*HC:{line.code}**UN*{line.units}",
        *([f"HSD*{_UNITS[line.kind]}*{max(1, line.units // 2)}"] if less else []),
        *([f"PWK*77*FX***AC*ACN{filed.trace[:8].upper()}"] if asks else []),
    ]


def unknown_request(asked: ReceivedX12) -> list[str]:
    return [*_people(asked, "X3"), "HL*4*3*EV*0", f"TRN*2*{asked.trace}*{asked.originator}", "AAA*Y**AA*C"]


def eligibility_answer(asked: ReceivedX12, script: Eligibility) -> list[str]:
    trace = [f"TRN*1*BV-{asked.trace[:8].upper()}*9SIMULATED", f"TRN*2*{asked.trace}*{asked.originator}"]
    rejected = script.rejected or ("75" if script.status == "not_found" else None)
    said = [f"AAA*Y**{rejected}*C"] if rejected else _benefits(asked, script)
    people = _people(asked, "PR")
    return [*people[:5], *trace, *people[5:], *said]


def _benefits(asked: ReceivedX12, script: Eligibility) -> list[str]:
    if script.status == "inactive":
        return ["EB*6**30"]
    return [
        *_plans(script),
        *_another_payer(script),
        f"EB*C*IND*30***29*{script.deductible_remaining}*****Y",
        f"EB*G*IND*30***29*{script.out_of_pocket_remaining}*****Y",
        f"EB*B*IND*30***27*{script.copay}*****Y",
        f"EB*A*IND*30*****{_fraction(script.coinsurance_percent)}****Y",
        *([f"EB*F*IND*42***29***DY*{script.days_left}"] if script.days_left is not None else []),
        *(_procedure(code, script) for code in asked.codes),
    ]


def _plans(script: Eligibility) -> list[str]:
    if script.former_plan is None:
        return ["EB*1**30"]
    former = [f"EB*6**30**{script.former_plan.upper()}", "DTP*291*RD8*20200101-20201231"]
    return [*former, "EB*1**30**PRESENT PLAN", "DTP*291*D8*20210101"]


def _another_payer(script: Eligibility) -> list[str]:
    if script.another_payer is None:
        return []
    named = f"NM1*PRP*2*{script.another_payer.upper()}*****PI*SIM99"
    return ["EB*R**30*HN", "LS*2120", named, "PER*IC**TE*3125550199", "LE*2120"]


def _procedure(code: str, script: Eligibility) -> str:
    kind = Asking(sequence=1, code=code, units=1).kind
    if kind in script.not_covered:
        return f"EB*I************HC:{code}"
    needed = kind in script.needs_authorization
    return f"EB*1**********{'Y' if needed else 'N'}*Y*HC:{code}"


def _people(asked: ReceivedX12, payer: str) -> list[str]:
    return [
        "HL*1**20*1",
        f"NM1*{payer}*2*SIMULATED PAYER*****PI*{asked.receiver}",
        "HL*2*1*21*1",
        "NM1*1P*2*REQUESTER*****XX*1234567893",
        "HL*3*2*22*1",
        f"NM1*IL*1*MEMBER*SAMPLE****MI*{asked.member_id}",
        *([f"DMG*D8*{asked.birth_date}"] if asked.birth_date else []),
    ]


def _days(start: date, end: date) -> str:
    return f"{start:%Y%m%d}-{end:%Y%m%d}"


def _fraction(percent: int) -> str:
    return str(Decimal(percent) / 100).lstrip("0") or "0"
