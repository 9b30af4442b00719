"""Whether a FHIR resource holds and was affirmed, by the status elements of its type."""

from desk.intake.fhir_elements import Resource, codings, text, wording

_HOLDS = {
    "Observation": {"final", "amended", "corrected"},
    "Coverage": {"active"},
    "DocumentReference": {"current"},
}
_DOES_NOT_HOLD = {"entered-in-error", "refuted", "inactive", "resolved", "remission"}
_UNSURE = {"unconfirmed", "provisional", "differential"}


def is_affirmed(resource: Resource) -> bool:
    """False for a mistake, and for what is over. Where the status is not told, it holds: many sources leave it out."""
    if resource.get("active") is False:
        return False
    status = _status(resource)
    holding = _HOLDS.get(str(resource.get("resourceType")))
    if holding and status and status not in holding:
        return False
    return text(resource, "docStatus") != "entered-in-error" and not _concepts(resource) & _DOES_NOT_HOLD


def is_unsure(resource: Resource) -> bool:
    """A diagnosis that nobody has confirmed."""
    return bool(_concepts(resource) & _UNSURE)


def _status(resource: Resource) -> str | None:
    status = text(resource, "status")
    return status.strip().lower() if status else None


def _concepts(resource: Resource) -> set[str]:
    """Some write the status as words only."""
    found = set()
    for concept in filter(None, (resource.get("clinicalStatus"), resource.get("verificationStatus"))):
        found |= {code.lower() for _, code in codings(concept)}
        found.add((wording(concept) or "").lower().replace(" ", "-"))
    return found
