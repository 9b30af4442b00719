"""What the simulated payer reads in a request over FHIR, and what it refuses to work on."""

from collections.abc import Iterator
from typing import Any

from simulator.payer_book import Asking, Filed

Json = dict[str, Any]


class BadRequest(Exception):
    """What was sent is no request that a payer could work on."""


def resource(bundle: Json, resource_type: str) -> Json:
    """The first of its type in a Bundle. Raises BadRequest."""
    for entry in bundle.get("entry", []):
        if entry.get("resource", {}).get("resourceType") == resource_type:
            found: Json = entry["resource"]
            return found
    raise BadRequest(f"no {resource_type}")


def member_id(bundle: Json) -> str | None:
    value = resource(bundle, "Coverage").get("subscriberId")
    return value if isinstance(value, str) else None


def read_request(payer: str, bundle: Json, scenario: str, now: Any) -> Filed:
    """The Claim in a `$submit` Bundle. Raises BadRequest."""
    claim = bundle.get("entry", [{}])[0].get("resource", {})
    if claim.get("resourceType") != "Claim" or not claim.get("identifier") or not claim.get("item"):
        raise BadRequest("the first entry is no Claim with identifier and items")
    certifications = {_certification(item) for item in claim["item"]}
    related = [one["claim"]["identifier"]["value"] for one in claim.get("related", [])]
    return Filed(
        payer=payer,
        trace=claim["identifier"][0]["value"],
        trace_system=claim["identifier"][0].get("system", ""),
        claim=f"Claim/{claim.get('id')}",
        member=member_id(bundle) or "",
        scenario=scenario,
        lines=tuple(_asking(item) for item in claim["item"]),
        appeal=bool(certifications & {"1", "2"}),
        cancels=related[0] if certifications == {"3"} and related else None,
        answered_at=now,
    )


def check_references(bundle: Json) -> None:
    """As a server that splits references at the slash. Raises BadRequest for one that is then not in the Bundle."""
    there = {(one["resource"]["resourceType"], one["resource"].get("id")) for one in bundle.get("entry", [])}
    for reference in _references(bundle):
        if tuple(reference.split("/")[-2:]) not in there:
            raise BadRequest("a reference that does not lead into the Bundle")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for one in value.values():
            yield from _references(one)


def _certification(item: Json) -> str:
    for extension in item.get("extension", []):
        if extension["url"].endswith("extension-certificationType"):
            return str(extension["valueCodeableConcept"]["coding"][0]["code"])
    raise BadRequest("an item has no certification type")


def _asking(item: Json) -> Asking:
    code = item["productOrService"]["coding"][0]["code"]
    return Asking(sequence=item["sequence"], code=code, units=int(item["quantity"]["value"]))
