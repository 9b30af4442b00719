"""Whom and which request a ClaimResponse names, and the other responses that a payer of FHIR sends.

Only what it names: `domain.answer_match` decides what that proves.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firstdose.adapters.payers.pas.elements import extensions, identifiers, part, parts, resources, short_text
from firstdose.adapters.payers.pas.references import id_of, referred, refers
from firstdose.adapters.payers.pas.terminology import ITEM_TRACE, Element
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.referral.identity import Person
from firstdose.domain.referral.person_name import PersonName
from firstdose.payer_ports import PayerCase

_MEMBER = "MB"  # HL7 v2-0203


class SentRequest(NamedTuple):
    """A request of ours: its number, and the reference to it in what we sent, `Type/id`."""

    trace: str
    address: str
    case: PayerCase | None = None
    """What it asks for."""
    system: str | None = None
    """Of our numbers."""


def named_by(bundle: Element, response: Element, sent: SentRequest | None = None) -> Named:
    """What `response`, somewhere in `bundle`, names; also our number if it refers to `sent` by its address."""
    named = {*identifiers(response.get("request")), *_identifiers_of_request(bundle, response)}
    if sent and refers(part(response, "request"), sent.address):
        named.add(sent.trace)
    if sent and sent.system:
        numbered = [one for one in parts(response, "identifier") if one.get("system") == sent.system]
        named.update(identifiers({"identifier": numbered}))
    return Named(
        requests=frozenset(named),
        numbers=frozenset(_numbers(response)),
        patients=_patients(bundle, response),
    )


def traces(response: Element) -> tuple[str, ...]:
    """The numbers by which a ClaimResponse may name our request, never its own id."""
    return tuple(dict.fromkeys([*_numbers(response), *identifiers(response.get("request"))]))


def _numbers(response: Element) -> Iterator[str]:
    """Those that prove that it is ours and not that it is another's; a payer may have renamed the request."""
    yield from identifiers(response)
    yield from _item_traces(response)
    if number := id_of(part(response, "request"), "Claim"):
        yield number


def _item_traces(response: Element) -> Iterator[str]:
    """Each also without the line's number, for our items have the request's number with it."""
    for item in parts(response, "item"):
        for extension in extensions(item, ITEM_TRACE):
            if number := short_text(part(extension, "valueIdentifier").get("value")):
                yield from dict.fromkeys((number, number.rpartition("-")[0] or number))


def _identifiers_of_request(bundle: Element, response: Element) -> Iterator[str]:
    """Of the request itself, where the answer brings it along."""
    for claim in referred(bundle, response, part(response, "request"), "Claim"):
        yield from identifiers(claim)


def _patients(bundle: Element, response: Element) -> tuple[tuple[Person, ...], ...]:
    """The one that it refers to; where nothing of that name came, all that came may be meant."""
    about = part(response, "patient")
    named = [_person(patient, bundle) for patient in referred(bundle, response, about, "Patient")]
    if not named:
        named = [_person(patient, bundle) for patient in resources(bundle, "Patient")]
    by_number = Person(*_ids(about))
    people = [tuple(named)] if named else []
    if not named and (members := _covered(bundle, None)):
        people.append((Person(member_ids=members),))
    if by_number != Person():
        people.append((by_number,))
    return tuple(people)


def _person(patient: Element, bundle: Element) -> Person:
    member_ids, other_ids = _ids(patient)
    birth = patient.get("birthDate")
    return Person(
        member_ids=member_ids | _covered(bundle, patient),
        other_ids=other_ids,
        births=frozenset([birth[:10]]) if isinstance(birth, str) and birth else frozenset(),
        names=tuple(map(_name, parts(patient, "name"))),
    )


def _ids(holder: Element) -> tuple[frozenset[str], frozenset[str]]:
    """Member ids (identifiers of type MB), and identifiers of another or no type."""
    members: set[str] = set()
    others: set[str] = set()
    for identifier in parts(holder, "identifier"):
        codes = {coding.get("code") for coding in parts(part(identifier, "type"), "coding")}
        if value := short_text(identifier.get("value")):
            (members if _MEMBER in codes else others).add(value)
    return frozenset(members), frozenset(others)


def _covered(bundle: Element, patient: Element | None) -> frozenset[str]:
    """The member's number in the Coverages of the patient; in all of them if it is None."""
    found: set[str] = set()
    for coverage in resources(bundle, "Coverage"):
        beneficiaries = referred(bundle, coverage, part(coverage, "beneficiary"), "Patient")
        if patient is None or any(one is patient for one in beneficiaries):
            found.update(_ids(coverage)[0], filter(None, [short_text(coverage.get("subscriberId"))]))
    return frozenset(found)


def _name(name: Element) -> PersonName:
    given = name.get("given")
    given_names = given if isinstance(given, list) else [given]
    text = name.get("text") if not (name.get("family") or given) else None
    whole = text if isinstance(text, str) else ""
    family = name.get("family")
    return PersonName(
        family if isinstance(family, str) else whole,
        " ".join(one for one in given_names if isinstance(one, str)) or whole,
    )
