"""A FHIR R4 Bundle: its resources, the newest version of each, in an order that does not depend on the message's."""

import re

import orjson

from desk.intake.fhir_days import moment_of
from desk.intake.fhir_elements import Resource, dig, each, text
from desk.intake.problems import Unparseable

_TYPES = ("message", "transaction", "collection", "document", "batch", "searchset")
_OTHER_TYPES = ("history", "transaction-response", "batch-response", "subscription-notification")
_ALONE = (
    "ServiceRequest",
    "MedicationRequest",
    "Patient",
    "Coverage",
    "Condition",
    "Observation",
    "AllergyIntolerance",
    "DocumentReference",
    "Binary",
    "Task",
    "Parameters",
    "OperationOutcome",
)
_FACTS = ("Coverage", "Condition", "Observation", "AllergyIntolerance", "DocumentReference")
"""They say the same contained in another resource. A person or an organization there is only what refers to it."""
_DIGITS = re.compile(r"[0-9]+")
_CONDITIONAL = re.compile(r"([A-Za-z]+)\?identifier=(?:([^|]*)\|)?([^|&]+)")


class Bundle:
    """The resources of a Bundle by type and by reference.

    Raises:
        Unparseable: not a Bundle of a type that carries a referral; the message says which element is wrong.
    """

    def __init__(self, raw: Resource) -> None:
        _require_bundle(raw)
        self.raw = raw
        self._versions: dict[str, list[Resource]] = {}
        self._keys: dict[str, str] = {}
        self._base: dict[int, str] = {}
        self._container: dict[int, Resource] = {}
        for entry in each(raw, "entry"):
            resource = entry.get("resource")
            if isinstance(resource, dict) and dig(entry, "request", "method") != "DELETE":
                self._add(resource, (text(entry, "fullUrl") or "").partition("/_history/")[0])
        self._resources = sorted((one for newest in self._versions.values() for one in newest), key=_sort_key)
        self._by_type: dict[str, list[Resource]] = {}
        self._by_relative: dict[str, list[Resource]] = {}
        for one in self._resources:
            self._by_type.setdefault(str(one.get("resourceType")), []).append(one)
            self._by_relative.setdefault(_relative(one), []).append(one)
        for inner in sorted((one for outer in self._resources for one in each(outer, "contained")), key=_sort_key):
            if inner.get("resourceType") in _FACTS:
                self._by_type.setdefault(str(inner["resourceType"]), []).append(inner)

    def _add(self, resource: Resource, full_url: str) -> None:
        """An older version of a resource gives way to the newer one."""
        relative = _relative(resource)
        self._base[id(resource)] = full_url.removesuffix(relative) if full_url.endswith(relative) else ""
        for inner in each(resource, "contained"):
            self._container[id(inner)] = resource
        by_url = full_url.startswith("http") or not text(resource, "id")
        key = (full_url if by_url else relative) or f"entry {len(self._base)}"
        self._keys[full_url or key] = key
        known = self._versions.setdefault(key, [])
        newest = max(_version(one) for one in (*known, resource))
        known[:] = [one for one in known if _version(one) == newest]
        if _version(resource) == newest and resource not in known:
            known.append(resource)

    def every(self, resource_type: str) -> list[Resource]:
        return list(self._by_type.get(resource_type, []))

    def first(self, resource_type: str) -> Resource:
        """The first of its type, or an empty one."""
        return next(iter(self.every(resource_type)), {})

    def holds(self, resource: Resource) -> bool:
        """Whether it stands in the bundle, and is not what a reference tells of something outside."""
        return id(resource) in self._base or id(resource) in self._container

    def resolve(self, owner: Resource, *steps: str | int) -> Resource:
        """What the owner's Reference at the end of the steps names: contained, by URL, by type and id, by identifier.

        Where the bundle does not hold it, what the Reference itself tells: type, `identifier` and `display`. Empty
        where there is no Reference.
        """
        return self._follow(owner, dig(owner, *steps))

    def resolve_each(self, owner: Resource, name: str) -> list[Resource]:
        """Likewise, for an element that repeats."""
        return [self._follow(owner, reference) for reference in each(owner, name)]

    def resolve_of(self, owner: Resource, part: Resource, name: str) -> Resource:
        """Likewise, of a part of the owner."""
        return self._follow(owner, part.get(name))

    def _follow(self, owner: Resource, reference: object) -> Resource:
        if not isinstance(reference, dict):
            return {}
        told = _told(reference)
        return self._named(owner, text(reference, "reference") or "") or self._identified(told) or told

    def _named(self, owner: Resource, reference: str) -> Resource:
        if reference.startswith("#"):
            outer = self._container.get(id(owner), owner)
            return next((one for one in each(outer, "contained") if one.get("id") == reference[1:]), {})
        plain = reference.partition("/_history/")[0]
        found = self._at(plain) or self._at(f"{self._base_of(owner)}{plain}")
        return found or self._with_id(plain)

    def _base_of(self, owner: Resource) -> str:
        return self._base.get(id(self._container.get(id(owner), owner)), "")

    def _at(self, url: str) -> Resource:
        return next(iter(self._versions.get(self._keys.get(url, ""), [])), {})

    def _with_id(self, reference: str) -> Resource:
        """By type and id, or by the id alone that a urn names; a resource of another server is another resource."""
        if reference.startswith("urn:uuid:"):
            wanted = reference.removeprefix("urn:uuid:")
            return next((one for one in self._resources if one.get("id") == wanted), {})
        found = self._by_relative.get("/".join(reference.split("/")[-2:]), [])
        if reference.startswith("http"):
            found = [one for one in found if not self._base[id(one)].startswith("http")]
        return found[0] if found else {}

    def _identified(self, told: Resource) -> Resource:
        wanted = [(text(one, "system"), text(one, "value")) for one in each(told, "identifier")]
        if not wanted or wanted[0][1] is None:
            return {}
        found = [
            one
            for one in self._resources
            if told["resourceType"] in (None, one.get("resourceType"))
            and any((text(own, "system"), text(own, "value")) in wanted for own in each(one, "identifier"))
        ]
        return found[0] if len(found) == 1 else {}


def is_about(bundle: Bundle, resource: Resource, patient: Resource) -> bool:
    """Whether it is not about somebody else, such as the mother of a child."""
    named = (bundle.resolve(resource, element) for element in ("subject", "patient", "beneficiary"))
    others = [one for one in named if one.get("resourceType") == "Patient" and bundle.holds(one)]
    return not others or any(one is patient for one in others)


def _require_bundle(raw: Resource) -> None:
    if raw.get("resourceType") in _ALONE:
        raise Unparseable(f"resourceType is {raw['resourceType']}: send the resources of a referral in one Bundle")
    if raw.get("resourceType") != "Bundle":
        raise Unparseable("resourceType is not Bundle: send the resources of a referral in one Bundle")
    kind, send = text(raw, "type"), f"send one of {', '.join(_TYPES)}"
    if kind is None:
        raise Unparseable(f"Bundle.type is missing: {send}")
    if kind not in _TYPES:
        raise Unparseable(
            f"Bundle.type {kind if kind in _OTHER_TYPES else 'is unknown and'} carries no referral: {send}"
        )


def _relative(resource: Resource) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _version(resource: Resource) -> tuple[float, int]:
    """The larger, the newer."""
    updated, number = moment_of(dig(resource, "meta", "lastUpdated")), text(resource, "meta", "versionId") or ""
    return (updated.timestamp() if updated else 0, int(number) if re.fullmatch("[0-9]{1,18}", number) else 0)


def _sort_key(resource: Resource) -> tuple[str, bytes]:
    """By id, numbers by their value: the same resources give the same referral in whatever order they are sent."""
    named = _DIGITS.sub(lambda digits: digits[0].zfill(20), _relative(resource))
    return named, orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)


def _told(reference: Resource) -> Resource:
    """A stand-in for a resource that is told of only by its Reference."""
    named = text(reference, "reference") or ""
    conditional = _CONDITIONAL.fullmatch(named)
    identifier = reference.get("identifier")
    if conditional:
        identifier = {"system": conditional[2], "value": conditional[3]}
    kind = text(reference, "type") or (conditional[1] if conditional else "/".join(named.split("/")[-2:-1])) or None
    known = isinstance(identifier, dict)
    return {"resourceType": kind, "identifier": [identifier] if known else [], "display": text(reference, "display")}
