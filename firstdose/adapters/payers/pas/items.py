"""The lines of a request as items of a Claim. What a line is asked for is its `certification`."""

from typing import Final

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import (
    HCPCS,
    ITEM_TRACE,
    NDC,
    PLACE_OF_SERVICE,
    X12,
    Element,
    coding,
    concept,
    extension,
    service,
    trace_identifier,
)
from firstdose.domain.authorization.lines import Certification, Line, LineKind
from firstdose.domain.authorization.requested_period import requested_period
from firstdose.domain.referral.order import Order
from firstdose.payer_ports import PayerCase

INFO_CANCELLED: Final = "modifierextension-infoCancelled"
INFO_CHANGED: Final = "extension-infoChanged"
_HOME_HEALTH_CARE: Final = "42"  # X12 1365
_HEALTH_SERVICES_REVIEW: Final = "HS"  # X12 1525
_UNITS: Final = {LineKind.DRUG: ("FL", "units"), LineKind.PER_DIEM: ("DY", "days"), LineKind.NURSING: ("VS", "visits")}
"""X12 673, as PAS wants quantities."""


def item(line: Line, case: PayerCase, requestor: Requestor) -> Element:
    """`sequence` is the stable key of the line, kept over updates and answers."""
    code, unit = _UNITS[line.kind]
    return {
        "extension": _extensions(line, case, requestor),
        "sequence": line.sequence,
        "category": concept(f"{X12}1365", _HOME_HEALTH_CARE),
        "productOrService": _product(line, case),
        **({"modifier": [concept(HCPCS, modifier) for modifier in line.modifiers]} if line.modifiers else {}),
        **_serviced(case.referral.order, line),
        "locationCodeableConcept": concept(PLACE_OF_SERVICE, line.place_of_service),
        "quantity": {"value": line.units, "unit": unit, "system": f"{X12}673", "code": code},
    }


def changed_item(line: Line, case: PayerCase, requestor: Requestor) -> Element:
    """In an update: marked, for only marked items reach the payer's X12 (PAS: Updating authorization requests)."""
    made = item(line, case, requestor)
    mode = "added" if line.certification is Certification.INITIAL else "changed"
    made["extension"].append(extension(INFO_CHANGED, valueCode=mode))
    if line.certification is Certification.CANCEL:
        made["modifierExtension"] = [extension(INFO_CANCELLED, valueBoolean=True)]
    return made


def level_of_service(case: PayerCase) -> Element:
    """X12 UM06: what makes a request expedited for the payer; `priority` alone does not reach the 278."""
    urgency = "U" if case.expedited else "E"
    return extension("extension-levelOfServiceCode", valueCodeableConcept=concept(f"{X12}1338", urgency))


def certification_type(certification: Certification) -> Element:
    return extension("extension-certificationType", valueCodeableConcept=concept(f"{X12}1322", certification.value))


def _extensions(line: Line, case: PayerCase, requestor: Requestor) -> list[Element]:
    trace = trace_identifier(requestor.originator, f"{case.trace}-{line.sequence}")
    review = concept(f"{X12}1525", _HEALTH_SERVICES_REVIEW)
    found = [
        extension(ITEM_TRACE, valueIdentifier=trace),
        extension("extension-serviceItemRequestType", valueCodeableConcept=review),
        certification_type(line.certification),
    ]
    if line.certification is Certification.APPEAL_EXPEDITED:  # PAS invariant ImmediateLevelOfCare
        found.append(level_of_service(case))
    if line.number:
        found.append(extension("extension-authorizationNumber", valueString=line.number))
    return found


def _product(line: Line, case: PayerCase) -> Element:
    product = service(line.code)
    ndc = case.referral.order.medication(line.medication).drug.ndc
    if line.kind is LineKind.DRUG and ndc:
        product["coding"].append(coding(NDC, ndc))
    return product


def _serviced(order: Order, line: Line) -> Element:
    period = requested_period(order, line)
    if period is None:
        return {}
    return {"servicedPeriod": {"start": period.first.isoformat(), "end": period.last.isoformat()}}
