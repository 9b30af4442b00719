"""What Da Vinci PAS 2.2.1 demands of each resource that we send: our own table, each group with the guide's section.

Paths are the guide's element ids. `NEVER_SENT` are the optional elements below which we send nothing, and of which
therefore nothing is demanded.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_PAS: Final = "http://hl7.org/fhir/us/davinci-pas"
_HL7: Final = "http://terminology.hl7.org/CodeSystem"
_X12: Final = "https://codesystem.x12.org/005010"
_NPI: Final = "http://hl7.org/fhir/sid/us-npi"


class Demand(NamedTuple):
    """Of one element, wherever the element that holds it is there."""

    path: str
    least: int = 0
    most: int | None = None
    """None for any number."""
    holds: Any = None
    """The value, or of an object what must be among it."""
    to: tuple[str, ...] = ()
    """Profiles of which a reference must be to one."""
    codes: frozenset[str] = frozenset()
    """What of a required binding we may send: `system|code`, `system|` for any of it, or a bare code."""


class GuideProfile(NamedTuple):
    """`section` is the guide's page of the profile or the section of its specification that says why."""

    section: str
    demands: tuple[Demand, ...]


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _codes(system: str, *codes: str) -> frozenset[str]:
    return frozenset(f"{system}|{code}" for code in codes)


def _one(*paths: str) -> Iterator[Demand]:
    return (Demand(path, 1, 1) for path in paths)


_TELECOM: Final = frozenset({"phone", "fax"})
_GENDERS: Final = frozenset({"male", "female", "other", "unknown"})

_PERSON: Final = (
    Demand("Patient.identifier", 1),
    Demand("Patient.name", 1),
    Demand("Patient.gender", 1, 1, codes=_GENDERS),
    *_one("Patient.identifier.system", "Patient.identifier.value", "Patient.telecom.value"),
    Demand("Patient.telecom.system", 1, 1, codes=_TELECOM),
)

_ORGANIZATION: Final = (
    Demand("Organization.name", 1, 1),
    Demand("Organization.identifier:NPI", holds={"system": _NPI}),
    Demand("Organization.telecom.system", 0, 1, codes=_TELECOM),
    Demand(
        "Organization.identifier:PI",
        0,
        1,
        holds={"type": _concept("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType", "payerid")},
    ),
)
_PAYER_OR_REQUESTOR: Final = (
    *_ORGANIZATION,
    Demand("Organization.active", 1, 1, holds=True),
    Demand("Organization.type", codes=_codes(f"{_X12}/98", "PR", "X3")),
)

_ANY_CLAIM: Final = (
    *_one("Claim.created", "Claim.priority", "Claim.identifier.system", "Claim.identifier.value"),
    Demand("Claim.status", 1, 1, holds="active", codes=frozenset({"active"})),
    Demand("Claim.use", 1, 1, holds="preauthorization", codes=frozenset({"preauthorization"})),
    Demand("Claim.type", 1, 1, codes=_codes(f"{_HL7}/claim-type", "professional")),
    Demand("Claim.patient", 1, 1, to=("profile-beneficiary",)),
    Demand("Claim.insurer", 1, 1, to=("profile-insurer",)),
    Demand("Claim.provider", 1, 1, to=("profile-practitionerrole", "profile-requestor")),
    Demand("Claim.insurance", 1),
    *_one("Claim.insurance.sequence", "Claim.diagnosis.sequence"),
    Demand("Claim.insurance.focal", 1, 1, holds=True),
    Demand("Claim.insurance.coverage", 1, 1, to=("profile-coverage",)),
    Demand("Claim.diagnosis.diagnosis[x]", 1, 1, codes=frozenset({"http://hl7.org/fhir/sid/icd-10-cm|"})),
)
_MEMBER: Final = "Claim.careTeam:OverallClaimMember"
_PROVIDERS: Final = ("profile-organization", "profile-practitionerrole")
_INFO: Final = "Claim.supportingInfo"
_REQUESTED: Final = (
    *_ANY_CLAIM,
    Demand("Claim.identifier", 1, 2),
    Demand("Claim.careTeam.extension", 1),
    *_one("Claim.careTeam.extension:careTeamClaimScope", "Claim.careTeam.sequence"),
    Demand("Claim.careTeam.provider", 1, 1, to=_PROVIDERS),
    Demand(f"{_MEMBER}.extension", 1),
    *_one(f"{_MEMBER}.extension:careTeamClaimScope", f"{_MEMBER}.sequence"),
    Demand(
        f"{_MEMBER}.extension:careTeamClaimScope.url",
        1,
        1,
        holds=f"{_PAS}/StructureDefinition/extension-careTeamClaimScope",
    ),
    Demand(f"{_MEMBER}.extension:careTeamClaimScope.value[x]", 0, 1, holds=True),
    Demand(f"{_MEMBER}.provider", 1, 1, to=_PROVIDERS),
    Demand(f"{_MEMBER}.role", 0, 1, codes=_codes(f"{_X12}/98", "DK")),
    *_one(f"{_INFO}.sequence", f"{_INFO}.category"),
    *_one(f"{_INFO}:DischargeDates.sequence", f"{_INFO}:DischargeDates.timing[x]"),
    Demand(
        f"{_INFO}:DischargeDates.category", 1, 1, holds=_concept(f"{_PAS}/CodeSystem/PASTempCodes", "dischargeDates")
    ),
    Demand(f"{_INFO}:AdditionalInformation.extension", 1),
    *_one(f"{_INFO}:AdditionalInformation.extension:documentInformation", f"{_INFO}:AdditionalInformation.sequence"),
    Demand(
        f"{_INFO}:AdditionalInformation.category",
        1,
        1,
        holds=_concept(f"{_PAS}/CodeSystem/PASTempCodes", "additionalInformation"),
    ),
    Demand(f"{_INFO}:AdditionalInformation.value[x]", 1, 1, to=("profile-documentreference",)),
    Demand("Claim.item", 1),
    Demand("Claim.item.extension", 2),
    *_one("Claim.item.extension:requestType", "Claim.item.extension:certificationType", "Claim.item.sequence"),
    Demand("Claim.item.category", 1, 1, codes=_codes(f"{_X12}/1365", "42")),
    Demand(
        "Claim.item.productOrService",
        1,
        1,
        codes=frozenset(
            {
                "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets|",
                "http://www.ama-assn.org/go/cpt|",
                "http://hl7.org/fhir/sid/ndc|",
            }
        ),
    ),
    Demand("Claim.item.modifier", codes=frozenset({"http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets|"})),
    Demand(
        "Claim.item.location[x]",
        1,
        1,
        codes=_codes(
            "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set", "12", "49"
        ),
    ),
)

PROFILES: Final = {
    "profile-pas-request-bundle": GuideProfile(
        "Specification, Prior Authorization Submission (spec-12 to spec-17)",
        (
            *_one("Bundle.identifier", "Bundle.timestamp", "Bundle.entry.fullUrl", "Bundle.entry.resource"),
            Demand("Bundle.type", 1, 1, holds="collection", codes=frozenset({"collection"})),
            Demand("Bundle.entry", 1),
            Demand("Bundle.entry:Claim", 1, 2),
            *_one("Bundle.entry:Claim.fullUrl", "Bundle.entry:Claim.resource"),
        ),
    ),
    "profile-pas-inquiry-request-bundle": GuideProfile(
        "Specification, Prior Authorization Inquiries",
        (
            *_one("Bundle.identifier", "Bundle.timestamp", "Bundle.entry.fullUrl", "Bundle.entry.resource"),
            Demand("Bundle.type", 1, 1, holds="collection", codes=frozenset({"collection"})),
            Demand("Bundle.entry", 1),
            *_one("Bundle.entry:Claim", "Bundle.entry:Claim.fullUrl", "Bundle.entry:Claim.resource"),
        ),
    ),
    "profile-claim": GuideProfile("StructureDefinition PAS Claim", _REQUESTED),
    "profile-claim-update": GuideProfile(
        "StructureDefinition PAS Claim Update; Specification, Updating authorization requests (spec-65 to spec-72)",
        (
            *_REQUESTED,
            Demand("Claim.related", 1, 1),
            Demand("Claim.related.claim", 1, 1),
            Demand("Claim.related.relationship", 1, 1, holds=_concept(f"{_HL7}/ex-relatedclaimrelationship", "prior")),
        ),
    ),
    "profile-claim-inquiry": GuideProfile(
        "StructureDefinition PAS Claim Inquiry", (*_ANY_CLAIM, Demand("Claim.identifier", 1, 1))
    ),
    "profile-beneficiary": GuideProfile("StructureDefinition PAS Beneficiary Patient", _PERSON),
    "profile-subscriber": GuideProfile("StructureDefinition PAS Subscriber Patient", _PERSON),
    "profile-coverage": GuideProfile(
        "StructureDefinition PAS Coverage",
        (
            Demand("Coverage.identifier", 1),
            Demand("Coverage.identifier:memberid", 1, 1),
            Demand("Coverage.identifier:memberid.type", 1, 1, holds=_concept(f"{_HL7}/v2-0203", "MB")),
            Demand("Coverage.status", 1, 1, holds="active", codes=frozenset({"active"})),
            Demand("Coverage.subscriber", 0, 1, to=("profile-subscriber",)),
            Demand("Coverage.beneficiary", 1, 1, to=("profile-beneficiary",)),
            Demand("Coverage.relationship", 1, 1),
            Demand("Coverage.relationship.coding:X12Code", 0, 1, codes=_codes(f"{_X12}/1069", "18", "01", "19", "G8")),
            Demand("Coverage.payor", 1, 1, to=("profile-insurer",)),
            *_one("Coverage.class.type", "Coverage.class.value", "Coverage.class:group.value"),
            Demand("Coverage.class:group.type", 1, 1, holds=_concept(f"{_HL7}/coverage-class", "group")),
        ),
    ),
    "profile-insurer": GuideProfile("StructureDefinition PAS Insurer Organization", _PAYER_OR_REQUESTOR),
    "profile-requestor": GuideProfile("StructureDefinition PAS Requestor Organization", _PAYER_OR_REQUESTOR),
    "profile-organization": GuideProfile(
        "StructureDefinition PAS Organization Base Profile",
        (*_ORGANIZATION, Demand("Organization.active", 1, 1)),
    ),
    "profile-practitioner": GuideProfile(
        "StructureDefinition PAS Practitioner",
        (
            Demand("Practitioner.identifier", 1),
            Demand("Practitioner.identifier:NPI", holds={"system": _NPI}),
            Demand("Practitioner.name", 1),
            Demand("Practitioner.name.family", 1, 1),
            Demand("Practitioner.telecom.system", 0, 1, codes=_TELECOM),
        ),
    ),
    "profile-practitionerrole": GuideProfile(
        "StructureDefinition PAS PractitionerRole",
        (
            Demand("PractitionerRole.practitioner", 1, 1, to=("profile-practitioner",)),
            Demand("PractitionerRole.organization", 0, 1, to=("profile-organization",)),
            Demand("PractitionerRole.telecom.system", 1, 1, codes=_TELECOM),
            Demand("PractitionerRole.telecom.value", 1, 1),
        ),
    ),
    "profile-documentreference": GuideProfile(
        "StructureDefinition PAS Document Reference",
        (
            Demand("DocumentReference.status", 1, 1, codes=frozenset({"current"})),
            Demand("DocumentReference.type", 1, 1, codes=frozenset({"http://loinc.org|"})),
            Demand("DocumentReference.category", 1),
            Demand(
                "DocumentReference.category:uscore",
                codes=_codes(
                    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note"
                ),
            ),
            Demand("DocumentReference.subject", 1, 1),
            Demand("DocumentReference.content", 1),
            *_one("DocumentReference.content.attachment", "DocumentReference.content.attachment.data"),
            Demand(
                "DocumentReference.content.attachment.contentType",
                0,
                1,
                codes=frozenset({"text/plain", "application/octet-stream"}),
            ),
            Demand("DocumentReference.content.attachment.url", 0, 0),
        ),
    ),
    "profile-medicationrequest": GuideProfile(
        "StructureDefinition PAS Medication Request",
        (
            Demand("MedicationRequest.status", 1, 1, holds="active", codes=frozenset({"active"})),
            Demand("MedicationRequest.intent", 1, 1, holds="order", codes=frozenset({"order"})),
            Demand("MedicationRequest.medication[x]", 1, 1),
            Demand("MedicationRequest.subject", 1, 1, to=("profile-beneficiary",)),
        ),
    ),
    "profile-subscription": GuideProfile(
        "StructureDefinition PAS Subscription; Specification, Subscription",
        (
            *_one("Subscription.reason", "Subscription.channel", "Subscription.channel.endpoint"),
            Demand("Subscription.status", 1, 1, codes=frozenset({"requested"})),
            Demand("Subscription.criteria", 1, 1, holds=f"{_PAS}/SubscriptionTopic/PASSubscriptionTopic"),
            Demand("Subscription.channel.type", 1, 1, holds="rest-hook", codes=frozenset({"rest-hook"})),
            Demand("Subscription.channel.payload", 1, 1, codes=frozenset({"application/fhir+json"})),
            Demand("Subscription.channel.payload.extension", 1),
            Demand("Subscription.channel.payload.extension:content", 1, 1),
            Demand(
                "Subscription.channel.payload.extension:content.url",
                1,
                1,
                holds="http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content",
            ),
            Demand(
                "Subscription.channel.payload.extension:content.value[x]:valueCode",
                0,
                1,
                holds="full-resource",
                codes=frozenset({"full-resource"}),
            ),
        ),
    ),
}

INQUIRY_ONLY_ABSENT: Final = ("Claim.careTeam", "Claim.supportingInfo", "Claim.item")
"""What an inquiry of ours leaves out: it asks for the request as a whole."""

NEVER_SENT: Final = (
    "Bundle.link",
    "Bundle.entry.request",
    "Bundle.entry.response",
    "Bundle.entry:Claim.request",
    "Bundle.entry:Claim.response",
    "Claim.accident",
    "Claim.careTeam.qualification",
    "Claim.careTeam:ItemClaimMember",
    "Claim.careTeam:OverallClaimMember.qualification",
    "Claim.diagnosis.type",
    "Claim.extension:encounter",
    "Claim.item.detail",
    "Claim.item.extension:nursingHomeResidentialStatus",
    "Claim.item.revenue",
    "Claim.payee",
    "Claim.procedure",
    "Claim.supportingInfo:AdmissionDates",
    "Claim.supportingInfo:MessageText",
    "Claim.supportingInfo:PatientEvent",
    "Coverage.class:plan",
    "Coverage.costToBeneficiary",
    "DocumentReference.relatesTo",
    "MedicationRequest.category",
    "MedicationRequest.substitution",
    "Organization.identifier:CLIA",
    "Organization.identifier:NAIC",
    "Organization.identifier:TIN",
    "Patient.communication",
    "Patient.link",
    "Patient.telecom.use",
    "Practitioner.qualification",
    "PractitionerRole.notAvailable",
)
