"""Walks a FHIR message by the table of tests/pas_guide.py and tells what in it the guide would not accept."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tests.pas_guide import NEVER_SENT, PROFILES, Demand

Json = dict[str, Any]

_PROFILE: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
_URLS: Final = {"requestType": "extension-serviceItemRequestType", "content": "backport-payload-content"}
_SYSTEMS: Final = {
    "NPI": "http://hl7.org/fhir/sid/us-npi",
    "CLIA": "urn:oid:2.16.840.1.113883.4.7",
    "NAIC": "urn:oid:2.16.840.1.113883.6.300",
    "TIN": "http://terminology.hl7.org/NamingSystem/USEIN",
}
_TYPES: Final = {"memberid": "MB", "PI": "payerid"}


class Node(NamedTuple):
    """An element: its value, and what stands beside a primitive one (`_name`)."""

    value: Any
    beside: Json

    @property
    def whole(self) -> Json:
        return self.value if isinstance(self.value, dict) else self.beside


def faults(message: Json) -> list[str]:
    """What is wrong with it: with the message, and with every resource in it that says it conforms to a profile."""
    return [
        fault
        for resource in _resources(message)
        for name in _claimed(resource)
        for fault in _of(resource, name, message)
    ]


def profiles_of(message: Json) -> set[str]:
    """All that its resources say they conform to."""
    return {name for resource in _resources(message) for name in _claimed(resource)}


def at(resource: Json, path: str) -> list[Node]:
    """The elements at a path of the guide."""
    return [found for holder, last in _holders(resource, path) for found in _children(holder, last)]


def holds(value: Any, pattern: Any) -> bool:
    """Whether the pattern is in it, as FHIR's `pattern[x]`."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(name in value and holds(value[name], pattern[name]) for name in pattern)
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(holds(one, each) for one in value) for each in pattern)
    return type(value) is type(pattern) and bool(value == pattern)


def _resources(element: Any) -> Iterator[Json]:
    if isinstance(element, dict):
        if "resourceType" in element:
            yield element
        for value in element.values():
            yield from _resources(value)
    if isinstance(element, list):
        for value in element:
            yield from _resources(value)


def _claimed(resource: Json) -> list[str]:
    told = resource.get("meta", {}).get("profile", [])
    return [url.removeprefix(_PROFILE) for url in told if url.startswith(_PROFILE)]


def _of(resource: Json, profile: str, message: Json) -> Iterator[str]:
    for demand in PROFILES[profile].demands:
        yield from (f"{profile} {demand.path}: {fault}" for fault in _against(demand, resource, message))
    kind = resource["resourceType"]
    for path in NEVER_SENT:
        if path.startswith(f"{kind}.") and at(resource, path):
            yield f"{profile} {path}: the table says that it is never sent"


def _against(demand: Demand, resource: Json, message: Json) -> Iterator[str]:
    for holder, last in _holders(resource, demand.path):
        found = _children(holder, last)
        if len(found) < demand.least or (demand.most is not None and len(found) > demand.most):
            yield f"{len(found)} of {demand.least}..{'*' if demand.most is None else demand.most}"
        for node in found:
            if demand.holds is not None and not holds(node.value, demand.holds):
                yield "another value"
            if demand.codes and not _coded(node.value, demand.codes):
                yield "a code that the binding does not have"
            if demand.to and not _refers(node.value, demand.to, message):
                yield f"no reference to {' or '.join(demand.to)}"


def _holders(resource: Json, path: str) -> list[tuple[Node, str]]:
    """Each element that may have the last part of the path, with the name of that part."""
    _, *between, last = path.split(".")
    nodes = [Node(resource, {})]
    for name in between:
        nodes = [child for node in nodes for child in _children(node, name)]
    return [(node, last) for node in nodes]


def _children(node: Node, name: str) -> list[Node]:
    base, _, wanted = name.partition(":")
    if not base.endswith("[x]"):
        return [child for child in _named(node, base) if not wanted or _is_slice(child.whole, base, wanted)]
    typed = re.compile(re.escape(base.removesuffix("[x]")) + "[A-Z][A-Za-z]*")
    return [child for key in node.whole if typed.fullmatch(key) and wanted in ("", key) for child in _named(node, key)]


def _named(node: Node, key: str) -> list[Node]:
    value, beside = node.whole.get(key), node.whole.get(f"_{key}", {})
    if isinstance(value, list):
        return [Node(one, {}) for one in value]
    return [Node(value, beside)] if value is not None or beside else []


def _is_slice(element: Json, base: str, wanted: str) -> bool:
    match base:
        case "extension":
            name = str(element.get("url")).rpartition("/")[2]
            return name == _URLS.get(wanted, f"extension-{wanted}")
        case "identifier" if wanted in _SYSTEMS:
            return element.get("system") == _SYSTEMS[wanted]
        case "identifier" | "class":
            return _TYPES.get(wanted, wanted) in _codes_in(element.get("type"))
        case "careTeam":
            scope = [
                one["valueBoolean"] for one in element.get("extension", []) if one["url"].endswith("careTeamClaimScope")
            ]
            return scope == [wanted == "OverallClaimMember"]
        case "supportingInfo":
            return wanted[:1].lower() + wanted[1:] in _codes_in(element.get("category"))
        case "coding":
            return str(element.get("system")).startswith("https://codesystem.x12.org/")
        case "category":
            return any("us-core" in str(one.get("system")) for one in element.get("coding", []))
        case "entry":
            return bool(element["resource"]["resourceType"] == wanted)
    raise AssertionError(f"no way to tell the slice {base}:{wanted}")


def _codes_in(concept: Json | None) -> set[str]:
    return {one["code"] for one in (concept or {}).get("coding", [])}


def _coded(value: Any, codes: frozenset[str]) -> bool:
    if isinstance(value, str):
        return value in codes
    codings: list[Mapping[str, str]] = value.get("coding", [value])
    return any(f"{one['system']}|{one['code']}" in codes or f"{one['system']}|" in codes for one in codings)


def _refers(value: Json, profiles: tuple[str, ...], message: Json) -> bool:
    """Whether it is to a resource in the message that conforms to one of them, whatever it says of itself."""
    entries = message.get("entry", [])
    named = [one["resource"] for one in entries if one["fullUrl"].endswith(f"/{value.get('reference')}")]
    kinds = {profile: PROFILES[profile].demands[0].path.partition(".")[0] for profile in profiles}
    return any(
        target["resourceType"] == kinds[profile] and not list(_of(target, profile, message))
        for target in named
        for profile in profiles
    )
