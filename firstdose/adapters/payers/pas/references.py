"""What a FHIR reference refers to, among what came with it: contained, by address, or by type and id."""

from collections.abc import Iterator

from firstdose.adapters.payers.pas.elements import part, parts, short_text
from firstdose.adapters.payers.pas.terminology import Element

_LONGEST = 500


def referred(root: Element, holder: Element, reference: Element, resource_type: str) -> Iterator[Element]:
    """The resources of that type that `reference`, which stands in `holder`, may mean; `root` is all that came."""
    target = short_text(reference.get("reference"), _LONGEST)
    if target is None:
        return
    if target.startswith("#"):
        inside = parts(holder, "contained")
        yield from (one for one in inside if _is(one, resource_type) and one.get("id") == target[1:])
        return
    at_address = list(_at(root, target, resource_type))
    yield from at_address or _named(root, target, resource_type)


def refers(reference: Element, address: str) -> bool:
    """Whether it is to the resource `Type/id`, at any server and in any version, or as `urn:uuid:id`."""
    written = short_text(reference.get("reference"), _LONGEST) or ""
    steps = written.partition("/_history/")[0].split("/")
    return steps[-2:] == address.split("/") or written == f"urn:uuid:{address.rpartition('/')[2]}"


def id_of(reference: Element, resource_type: str) -> str | None:
    """The id in a reference to a resource of that type, at any server and in any version."""
    written = short_text(reference.get("reference"), _LONGEST) or ""
    steps = written.partition("/_history/")[0].split("/")
    return steps[-1] or None if steps[-2:-1] == [resource_type] else None


def _at(root: Element, address: str, resource_type: str) -> Iterator[Element]:
    for entry in parts(root, "entry"):
        resource = part(entry, "resource")
        if entry.get("fullUrl") == address and _is(resource, resource_type):
            yield resource


def _named(root: Element, target: str, resource_type: str) -> Iterator[Element]:
    """`Type/id`, at any server and in any version."""
    segments = target.partition("/_history/")[0].split("/")
    if len(segments) < 2 or segments[-2] != resource_type:
        return
    for entry in parts(root, "entry"):
        resource = part(entry, "resource")
        if _is(resource, resource_type) and (resource.get("id") == segments[-1] or _ends(entry, segments[-2:])):
            yield resource


def _ends(entry: Element, segments: list[str]) -> bool:
    url = short_text(entry.get("fullUrl"), _LONGEST)
    return url is not None and url.split("/")[-2:] == segments


def _is(resource: Element, resource_type: str) -> bool:
    return resource.get("resourceType") == resource_type
