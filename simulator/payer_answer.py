"""The simulated payer's answers over FHIR to requests for authorization: PAS response Bundles.

Written apart from the product's adapter on purpose, so that one cannot hide the other's mistake.
"""

from datetime import timedelta

from firstdose.domain.authorization.lines import LineKind
from simulator.payer_book import Asking, Filed
from simulator.payer_request import Json
from simulator.scenario import Naming, NumberPlace, ScenarioStep, Word

_PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
_X12 = "https://codesystem.x12.org/005010/"
_CODES = {
    Word.APPROVE: "A1",
    Word.PARTIAL: "A2",
    Word.DENY: "A3",
    Word.PEND: "A4",
    Word.REQUEST_INFORMATION: "A4",
    Word.MODIFY: "A6",
    Word.CANCEL: "C",
    Word.NOT_REQUIRED: "NA",
    Word.UNKNOWN: "PENDEDCODE",
}
_AUTHORIZING = (Word.APPROVE, Word.PARTIAL, Word.MODIFY)
_VALID = timedelta(days=90)


def response_bundle(filed: Filed) -> Json:
    """The answer as it stands."""
    step, script = filed.present, filed.payer_script
    asks = Word.REQUEST_INFORMATION in {step.word_for(line.kind) for line in filed.lines}
    communication = {"fullUrl": f"urn:uuid:{filed.trace}-wanted", "resource": _wanted(filed, step)}
    patient = {"fullUrl": f"urn:uuid:{filed.trace}-patient", "resource": _patient(filed)}
    response = {
        "resourceType": "ClaimResponse",
        "id": f"{filed.trace}-{filed.step}",
        **_naming(filed, script.naming),
        "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
        "use": "preauthorization",
        "patient": {"reference": patient["fullUrl"]},
        "created": filed.answered_at.isoformat(),
        "insurer": {"display": filed.payer},
        **_outcome(filed, step),
        **({"communicationRequest": [{"reference": communication["fullUrl"]}]} if asks else {}),
    }
    entries = [{"fullUrl": f"urn:uuid:{filed.trace}-response", "resource": response}, patient]
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{_PAS}profile-pas-response-bundle"]},
        "identifier": {"system": filed.trace_system, "value": filed.trace},
        "type": "collection",
        "timestamp": filed.answered_at.isoformat(),
        "entry": [*entries, communication] if asks else entries,
    }


def _naming(filed: Filed, naming: Naming) -> Json:
    number = {"system": filed.trace_system, "value": filed.trace}
    match naming:
        case Naming.TRACE:
            return {"identifier": [number], "request": {"identifier": number}}
        case Naming.REFERENCE:
            return {"request": {"reference": filed.claim}}
        case Naming.OWN_NUMBER:
            own = [{"system": "urn:simulated:responses", "value": f"R{filed.trace[:8].upper()}"}]
            return {"identifier": own, "request": {"reference": f"Claim/{filed.trace[:8]}-kept"}}
        case Naming.NOTHING:
            return {}


def _outcome(filed: Filed, step: ScenarioStep) -> Json:
    """A cancellation that waits is queued, with no word on any item; an error is all that there is."""
    if filed.cancels and step.answer is Word.PEND:
        return {"outcome": "queued", "disposition": "Your cancellation is being processed."}
    if step.rejected:
        code = {"coding": [{"system": f"{_X12}901", "code": step.rejected}], "text": "Service date is missing"}
        follow_up = {"coding": [{"system": f"{_X12}889", "code": "C"}]}
        extension = {"url": f"{_PAS}extension-errorFollowupAction", "valueCodeableConcept": follow_up}
        return {"outcome": "error", "error": [{"extension": [extension], "code": code}]}
    whole = filed.payer_script.number_at is NumberPlace.EVENT and _authorizes(step, filed)
    return {
        "outcome": "complete",
        "item": [_item(filed, line, step) for line in filed.lines],
        **_added(filed, step),
        **({"preAuthRef": f"AUTH{filed.trace[:8]}".upper()} if whole else {}),
        **({"processNote": [{"number": 1, "text": step.note}]} if step.note else {}),
    }


def _authorizes(step: ScenarioStep, filed: Filed) -> bool:
    return any(step.word_for(line.kind) in _AUTHORIZING for line in filed.lines)


def _patient(filed: Filed) -> Json:
    member = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]}
    return {
        "resourceType": "Patient",
        "id": f"{filed.trace}-patient",
        "identifier": [{"type": member, "value": filed.member}],
    }


def _item(filed: Filed, line: Asking, step: ScenarioStep) -> Json:
    word = step.word_for(line.kind)
    extensions: list[Json] = []
    if word in (Word.APPROVE, Word.PARTIAL):
        extensions.append(_period(filed))
    if word in _AUTHORIZING and filed.payer_script.number_at is NumberPlace.EVENT_REFERENCE:
        number = f"AUTH{filed.trace[:8]}".upper()
        extensions.append({"url": f"{_PAS}extension-authorizationNumber", "valueString": number})
    if word in (Word.PEND, Word.REQUEST_INFORMATION):
        reference = {"url": f"{_PAS}extension-administrationReferenceNumber", "valueString": f"PEND{filed.trace[:8]}"}
        extensions.append(reference)
    if word is Word.PARTIAL and step.tells_units:
        quantity = {"url": "quantity", "valueQuantity": {"value": _half(line)}}
        extensions.append({"url": f"{_PAS}extension-itemAuthorizedDetail", "extension": [quantity]})
    return {
        "extension": extensions,
        "itemSequence": line.sequence,
        "adjudication": [_adjudication(filed, line, word, code=step.code, reason=step.reason)],
    }


def _adjudication(
    filed: Filed, line: Asking, word: Word, *, code: str | None = None, reason: str | None = None
) -> Json:
    said: list[Json] = [
        {
            "url": f"{_PAS}extension-reviewActionCode",
            "valueCodeableConcept": {"coding": [{"system": f"{_X12}306", "code": code or _CODES[word]}]},
        }
    ]
    if word in _AUTHORIZING and filed.payer_script.number_at is NumberPlace.SERVICE:
        said.append({"url": "number", "valueString": f"AUTH{filed.trace[:8]}{line.sequence}".upper()})
    if reason and word is Word.DENY:
        said.append(
            {"url": "reasonCode", "valueCodeableConcept": {"coding": [{"system": f"{_X12}886", "code": reason}]}}
        )
    return {
        "extension": [{"url": f"{_PAS}extension-reviewAction", "extension": said}],
        "category": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}],
        },
    }


def _added(filed: Filed, step: ScenarioStep) -> Json:
    """A6: the item keeps what was requested, what was authorized is added."""
    modified = [line for line in filed.lines if step.word_for(line.kind) is Word.MODIFY]
    added = [
        {
            "extension": [_period(filed)],
            "itemSequence": [line.sequence],
            "productOrService": {"coding": [{"code": _authorized_code(line, step)}]},
            "quantity": {"value": _half(line)},
            "adjudication": [_adjudication(filed, line, Word.APPROVE)],
        }
        for line in modified
    ]
    return {"addItem": added} if added else {}


def _authorized_code(line: Asking, step: ScenarioStep) -> str:
    return step.instead if step.instead and line.kind is LineKind.DRUG else line.code


def _period(filed: Filed) -> Json:
    start = filed.answered_at.date()
    period = {"start": start.isoformat(), "end": (start + _VALID).isoformat()}
    return {"url": f"{_PAS}extension-itemPreAuthPeriod", "valuePeriod": period}


def _half(line: Asking) -> int:
    return max(1, line.units // 2)


def _wanted(filed: Filed, step: ScenarioStep) -> Json:
    due = (filed.answered_at + step.due_in).date().isoformat()
    return {
        "resourceType": "CommunicationRequest",
        "id": f"{filed.trace}-wanted",
        "status": "active",
        "occurrencePeriod": {"end": due},
        "payload": [
            {
                "extension": [
                    {
                        "url": f"{_PAS}extension-contentModifier",
                        "valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": code}]},
                    }
                ],
                "contentString": "Please send the document.",
            }
            for code in step.wants
        ],
    }
