"""From HL7 v2: who prescribes (ORC-12 of an order in force, else PRD in the role RP), and who refers (MSH-4)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from desk.intake.draft import Draft
from desk.intake.hl7v2_choice import take
from desk.intake.hl7v2_contact import HumanName, names, phones
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_time import date_of
from firstdose.domain.referral.choice import Candidate, in_order

_REFERRING = "RP"
_NPI = frozenset({"NPI", "2.16.840.1.113883.4.6"})


@dataclass(frozen=True, slots=True)
class Provider:
    npi: str = ""
    name: str = field(default="", repr=False)

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.npi) if part)


def map_providers(draft: Draft, er7: Er7, controls: Iterable[Hl7Segment]) -> None:
    """`controls` are the ORC of the orders that are taken."""
    referring = [one for one in er7.every("PRD") if _roles(one) & {_REFERRING}]
    told = [*(who for control in controls for who in _ordering(control)), *_all_referring(draft, referring)]
    taken = take(draft, "prescriber.npi", told) or Provider()
    draft.put("prescriber.npi", taken.npi, "PRD-7")
    draft.put("prescriber.name", taken.name, "PRD-2")
    own = [one for one in referring if str(taken) and taken in _providers(draft, one)]
    _map_contacts(draft, er7, own)
    draft.put("source.organization", er7.first("MSH").get(4), "MSH-4")


def _map_contacts(draft: Draft, er7: Er7, own: list[Hl7Segment]) -> None:
    for path, fax in (("prescriber.phone", False), ("prescriber.fax", True)):
        numbers = in_order((number for one in own for number in phones(one, (5,), fax=fax)), draft.today)
        draft.put(path, next(iter(numbers), None), "PRD-5")
    contacts = [name for one in own for contact in _contacts(er7, one) for name in names(contact, 2)]
    draft.put("prescriber.contact_name", str(draft.pick("prescriber.contact_name", contacts) or ""), "CTD-2")


def _roles(provider: Hl7Segment) -> set[str]:
    return {provider.get(1, 1, repetition).upper() for repetition in provider.repetitions(1)}


def _all_referring(draft: Draft, referring: list[Hl7Segment]) -> Iterator[Candidate[Provider]]:
    for one in referring:
        for provider in _providers(draft, one):
            fit = 1 if provider.npi else 3
            yield Candidate(provider, begins=date_of(one.get(8)), ends=date_of(one.get(9)), fit=fit)


def _providers(draft: Draft, referring: Hl7Segment) -> list[Provider]:
    """One for each NPI in PRD-7, which counts by its type only."""
    name = str(next(iter(in_order(names(referring, 2), draft.today)), HumanName()))
    typed = [
        referring.get(7, 1, repetition)
        for repetition in referring.repetitions(7)
        if {referring.get(7, component, repetition).upper() for component in (2, 3)} & _NPI
    ]
    return [Provider(npi, name) for npi in typed if npi] or ([Provider(name=name)] if name else [])


def _ordering(control: Hl7Segment) -> Iterator[Candidate[Provider]]:
    """ORC-12, XCN: id^family^given^middle^^^^^authority^^^^type."""
    for repetition in control.repetitions(12):
        given = [control.get(12, component, repetition) for component in (3, 4)]
        name = HumanName(control.get(12, 2, repetition, 1), " ".join(part for part in given if part))
        kinds = {control.get(12, 13, repetition).upper(), *(control.get(12, 9, repetition, part) for part in (1, 2))}
        npi = control.get(12, 1, repetition) if kinds & _NPI else ""
        if npi or str(name):
            yield Candidate(Provider(npi, str(name)), fit=0 if npi else 2)


def _contacts(er7: Er7, provider: Hl7Segment) -> Iterator[Hl7Segment]:
    """The CTD segments that follow the provider, up to the next one."""
    after = False
    for segment in er7.segments:
        if segment.name == "PRD":
            after = segment is provider
        elif after and segment.name == "CTD":
            yield segment
