"""The code systems and extensions that PAS messages name. X12 tables are licensed: their addresses, never the lists."""

from typing import Any, Final

Element = dict[str, Any]
"""A FHIR element or resource as JSON."""

PAS: Final = "http://hl7.org/fhir/us/davinci-pas"
_DEFINITIONS: Final = f"{PAS}/StructureDefinition/"
X12: Final = "https://codesystem.x12.org/005010/"
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
HCPCS: Final = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
CPT: Final = "http://www.ama-assn.org/go/cpt"
NDC: Final = "http://hl7.org/fhir/sid/ndc"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
NPI: Final = "http://hl7.org/fhir/sid/us-npi"
LOINC: Final = "http://loinc.org"
PLACE_OF_SERVICE: Final = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"

REVIEW_ACTION: Final = "extension-reviewAction"
REVIEW_ACTION_CODE: Final = "extension-reviewActionCode"
PREAUTH_PERIOD: Final = "extension-itemPreAuthPeriod"
AUTHORIZED_DETAIL: Final = "extension-itemAuthorizedDetail"
ADMINISTRATION_REFERENCE: Final = "extension-administrationReferenceNumber"
ITEM_TRACE: Final = "extension-itemTraceNumber"
AUTHORIZATION_NUMBER: Final = "extension-authorizationNumber"

UNKNOWN: Final[Element] = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}
"""In the place of what an element must have and nobody has told."""


def claims(profile: str) -> Element:
    """The `meta` of a resource that conforms to this profile of PAS."""
    return {"meta": {"profile": [f"{_DEFINITIONS}{profile}"]}}


def coding(system: str, code: str) -> Element:
    return {"system": system, "code": code}


def concept(system: str, code: str) -> Element:
    return {"coding": [coding(system, code)]}


def extension(name: str, **value: Any) -> Element:
    """A PAS extension with its one value, as in `extension("extension-infoChanged", valueCode="added")`."""
    return {"url": _DEFINITIONS + name, **value}


def service(code: str) -> Element:
    """A HCPCS code: level I (all digits first) is CPT, with a separate code system."""
    return concept(CPT if code[:1].isdigit() else HCPCS, code)


def trace_identifier(originator: str, trace: str) -> Element:
    """X12 TRN: `originator` is TRN03, the trace number TRN02."""
    return {"system": f"urn:trnorg:{originator}", "value": trace}
