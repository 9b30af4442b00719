"""A FHIR R4 Bundle as plain dictionaries, read leniently: an element that is not there or not of its shape is None."""

from typing import Any

from desk.intake.problems import Unparseable

Resource = dict[str, Any]
_TYPES = {"message", "transaction", "collection", "document", "batch", "searchset"}
_DEAD = {"entered-in-error", "cancelled", "inactive", "resolved", "refuted"}


def dig(node: object, *steps: str | int) -> Any:
    """The element at the end of the steps, or None."""
    for step in steps:
        if isinstance(node, dict) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def each(node: object, *steps: str | int) -> list[Resource]:
    """The objects in the list at the end of the steps."""
    found = dig(node, *steps)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(node: object, *steps: str | int) -> str | None:
    found = dig(node, *steps)
    return found if isinstance(found, str) and found.strip() else None


def codings(concept: object) -> list[tuple[str, str]]:
    """The (system, code) pairs of a CodeableConcept."""
    pairs = ((text(coding, "system"), text(coding, "code")) for coding in each(concept, "coding"))
    return [(system or "", code) for system, code in pairs if code]


def code_in(concept: object, *systems: str) -> str | None:
    """The first code of one of these systems."""
    return next((code for system, code in codings(concept) if system in systems), None)


def wording(concept: object) -> str | None:
    """What a person would read."""
    shown = (text(coding, "display") for coding in each(concept, "coding"))
    return text(concept, "text") or next((display for display in shown if display), None)


def is_dead(resource: Resource) -> bool:
    """Cancelled, resolved or a mistake: it says nothing about the present."""
    states = [text(resource, "status"), text(resource, "docStatus")]
    for element in ("clinicalStatus", "verificationStatus"):
        states += [code for _, code in codings(resource.get(element))]
    return any(state in _DEAD for state in states)


class Bundle:
    """The resources of a Bundle by type and by reference.

    Raises:
        Unparseable: not a Bundle of a type that carries a referral.
    """

    def __init__(self, raw: Resource) -> None:
        if raw.get("resourceType") != "Bundle" or text(raw, "type") not in _TYPES:
            raise Unparseable("not a FHIR Bundle of type message, transaction, collection or document")
        self.raw = raw
        self._resources: list[Resource] = []
        self._by_reference: dict[str, Resource] = {}
        for entry in each(raw, "entry"):
            resource = entry.get("resource")
            if isinstance(resource, dict):
                self._add(resource, text(entry, "fullUrl"))

    def _add(self, resource: Resource, full_url: str | None) -> None:
        self._resources.append(resource)
        names = [full_url, f"{resource.get('resourceType')}/{resource.get('id')}"]
        self._by_reference.update({name: resource for name in names if name})

    def every(self, resource_type: str) -> list[Resource]:
        return [resource for resource in self._resources if resource.get("resourceType") == resource_type]

    def first(self, resource_type: str) -> Resource:
        """The first of its type, or an empty one."""
        return next(iter(self.every(resource_type)), {})

    def resolve(self, owner: Resource, *steps: str | int) -> Resource:
        """What the owner's Reference at the end of the steps names (fullUrl, type and id, or contained), or empty."""
        reference = text(owner, *steps, "reference") or ""
        if reference.startswith("#"):
            return next((inner for inner in each(owner, "contained") if inner.get("id") == reference[1:]), {})
        reference = reference.partition("/_history/")[0]
        relative = "/".join(reference.split("/")[-2:])
        return self._by_reference.get(reference) or self._by_reference.get(relative) or {}
