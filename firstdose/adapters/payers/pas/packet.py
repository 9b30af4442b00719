"""The Bundle that carries a request, and the addresses of what is in it.

An entry's fullUrl is `base/Type/id` and references are `Type/id`, as in the examples of the guide: servers that split
references at the slash read no other form.
"""

from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import Element, claims, trace_identifier
from firstdose.payer_ports import PayerCase


class EntryName(NamedTuple):
    """What tells a resource apart from the others in one request."""

    resource_type: str
    name: str


def address_of(trace: str, entry: EntryName) -> str:
    """The reference, `Type/id`, to that resource in the request with this number.

    A request's own id is its number, so that an answer which only refers to it names it.
    """
    if entry.resource_type == "Claim":
        return f"Claim/{trace}"
    return f"{entry.resource_type}/{uuid5(NAMESPACE_URL, f'{trace}/{entry.name}')}"


class Packet:
    """The entries of one request Bundle. The same case gives the same Bundle, however often it is sent."""

    def __init__(self, case: PayerCase, requestor: Requestor) -> None:
        self._case = case
        self._requestor = requestor
        self._entries: list[Element] = []

    def add(self, name: str, resource: Element, *, trace: str | None = None) -> Element:
        """Add a resource and return the reference to it.

        `name` is unique within the request; `trace` is that of an earlier request, if the resource was sent in it.
        """
        address = address_of(trace or self._case.trace, EntryName(resource["resourceType"], name))
        url = f"{self._requestor.base_url}/{address}"
        self._entries.append({"fullUrl": url, "resource": {"id": address.rpartition("/")[2], **resource}})
        return {"reference": address}

    def bundle(self, first: Element, *, profile: str | None = None) -> Element:
        """The Bundle with the resource that `first` refers to in the first place; `profile` is one of PAS."""
        url = f"{self._requestor.base_url}/{first['reference']}"
        return {
            "resourceType": "Bundle",
            **(claims(profile) if profile else {}),
            "identifier": trace_identifier(self._requestor.originator, self._case.trace),
            "type": "collection",
            "timestamp": self._case.created_at.isoformat(),
            "entry": sorted(self._entries, key=lambda entry: entry["fullUrl"] != url),
        }
