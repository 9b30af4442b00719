"""What a FHIR reference refers to, among what came with it: contained, by address, or by type and id."""

from collections.abc import Iterator

from firstdose.adapters.payers.pas.elements import part, parts, word
from firstdose.adapters.payers.pas.terminology import Element

_LONGEST = 500


def referred(root: Element, holder: Element, reference: Element, resource_type: str) -> Iterator[Element]:
    """The resources of that type that `reference`, which stands in `holder`, may mean; `root` is all that came."""
    told = word(reference.get("reference"), _LONGEST)
    if told is None:
        return
    if told.startswith("#"):
        inside = parts(holder, "contained")
        yield from (one for one in inside if _is(one, resource_type) and one.get("id") == told[1:])
        return
    at_address = list(_at(root, told, resource_type))
    yield from at_address or _named(root, told, resource_type)


def refers(reference: Element, address: str) -> bool:
    """Whether it is to the resource `Type/id`, at any server and in any version, or as `urn:uuid:id`."""
    told = word(reference.get("reference"), _LONGEST) or ""
    words = told.partition("/_history/")[0].split("/")
    return words[-2:] == address.split("/") or told == f"urn:uuid:{address.rpartition('/')[2]}"


def _at(root: Element, address: str, resource_type: str) -> Iterator[Element]:
    for entry in parts(root, "entry"):
        resource = part(entry, "resource")
        if entry.get("fullUrl") == address and _is(resource, resource_type):
            yield resource


def _named(root: Element, told: str, resource_type: str) -> Iterator[Element]:
    """`Type/id`, at any server and in any version."""
    words = told.partition("/_history/")[0].split("/")
    if len(words) < 2 or words[-2] != resource_type:
        return
    for entry in parts(root, "entry"):
        resource = part(entry, "resource")
        if _is(resource, resource_type) and (resource.get("id") == words[-1] or _ends(entry, words[-2:])):
            yield resource


def _ends(entry: Element, words: list[str]) -> bool:
    url = word(entry.get("fullUrl"), _LONGEST)
    return url is not None and url.split("/")[-2:] == words


def _is(resource: Element, resource_type: str) -> bool:
    return resource.get("resourceType") == resource_type
