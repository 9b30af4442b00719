"""What a 278 response says that the payer wants to see: LOINC codes (HI), kinds of report and their number (PWK)."""

from collections.abc import Sequence
from typing import Final

from firstdose.adapters.payers.x12.answer_line import ServiceLine
from firstdose.adapters.payers.x12.hierarchy import Level
from firstdose.adapters.payers.x12.values import short_text
from firstdose.domain.authorization.lines import InformationRequest
from firstdose.payer_ports import PayerCase

_LOINC: Final = "LOI"
_MOST_WANTED: Final = 20


def information_of(event: Level, services: Sequence[ServiceLine], case: PayerCase) -> InformationRequest | None:
    """For the lines whose services ask; for all that wait, where the event itself asks too."""
    found = [event, *(service.level for service in services)]
    wanted = tuple(dict.fromkeys(code for level in found for code in _wanted(level)))[:_MOST_WANTED]
    if not wanted:
        return None
    numbers = (pwk.value(6) for level in found for pwk in level.all("PWK"))
    return InformationRequest(
        wanted=wanted,
        lines=() if _wanted(event) else _asking(services, case),
        control_number=next((number for one in numbers if (number := short_text(one, 80))), None),
    )


def loinc_codes(level: Level) -> list[str]:
    return [
        code
        for hi in level.all("HI")
        for place in range(1, len(hi.elements) + 1)
        if hi.value(place) == _LOINC and (code := short_text(hi.value(place, 2), 20))
    ]


def _wanted(level: Level) -> list[str]:
    """What one event or service lacks: LOINC codes, else kinds of report."""
    return loinc_codes(level) or [code for pwk in level.all("PWK") if (code := short_text(pwk.value(1), 20))]


def _asking(services: Sequence[ServiceLine], case: PayerCase) -> tuple[int, ...]:
    asking = [service for service in services if _wanted(service.level)]
    return tuple(line.sequence for line in case.lines if any(service.is_of(line, case) for service in asking))
