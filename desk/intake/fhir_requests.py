"""From FHIR: which requests are the order. A request that is over or not yet in force is none.

A MedicationRequest belongs to the ServiceRequest that it is linked to, or to the only one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from desk.intake.fhir_bundle import Bundle, is_about
from desk.intake.fhir_days import moment_of
from desk.intake.fhir_elements import Resource, codings, dig, each, text
from desk.intake.problems import FieldProblem, Invalid
from firstdose.domain.referral.choice import Candidate, choose

OURS_THERAPY = "urn:firstdose:therapy"
_WITHDRAWN = {"revoked", "entered-in-error", "cancelled", "stopped"}
_ORDERS = {"order", "original-order", "reflex-order", "filler-order", "instance-order", "directive"}
_OWN = {"id", "meta", "identifier", "text", "implicitRules", "language"}
"""What two copies of one request may differ in."""


class Standing(StrEnum):
    IN_FORCE = "in force"
    PENDING = "not in force yet"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Requests:
    """`service` is the ServiceRequest of the referral, in force or not; it and the lists may be empty."""

    service: Resource = field(repr=False)
    standing: Standing
    """Of the service, or without one of the best of the medications."""
    medications: list[Resource] = field(repr=False)
    """In force, each once."""
    others: list[Resource] = field(repr=False)
    """MedicationRequests of this referral, where none is in force."""

    @property
    def in_force(self) -> list[Resource]:
        service = [self.service] if self.service and self.standing is Standing.IN_FORCE else []
        return [*service, *self.medications]

    @property
    def main(self) -> Resource:
        """The request that the referral is known by."""
        return self.service or next(iter([*self.medications, *self.others]), {})


def find_requests(bundle: Bundle, day: date) -> Requests:
    """Raises Invalid where several ServiceRequests could be the referral."""
    stands = _Standings(bundle)
    services, medications = bundle.every("ServiceRequest"), bundle.every("MedicationRequest")
    service = _best(bundle, services, stands, day)
    if not service:
        return _of({}, medications, stands)
    subject = bundle.resolve(service, "subject")
    medications = [one for one in medications if is_about(bundle, one, subject)]
    links = {id(one): _services_of(bundle, one, services) for one in medications}
    own = [one for one in medications if not links[id(one)] or any(linked is service for linked in links[id(one)])]
    if stands.of(service) is Standing.WITHDRAWN:
        elsewhere = [one for one in medications if _is_linked_outside(bundle, one)]
        if any(stands.of(one) in (Standing.IN_FORCE, Standing.PENDING) for one in elsewhere):
            return _of({}, elsewhere, stands)
    return _of(service, own, stands)


class _Standings:
    """Where each request stands; what one in force replaces is over."""

    def __init__(self, bundle: Bundle) -> None:
        requests = [*bundle.every("ServiceRequest"), *bundle.every("MedicationRequest")]
        living = [one for one in requests if _standing(one) is Standing.IN_FORCE]
        self._replaced = {id(old) for one in living for old in _replaced_by(bundle, one)}

    def of(self, request: Resource) -> Standing:
        return Standing.WITHDRAWN if id(request) in self._replaced else _standing(request)


def _replaced_by(bundle: Bundle, request: Resource) -> list[Resource]:
    return [bundle.resolve(request, "priorPrescription"), *bundle.resolve_each(request, "replaces")]


def _standing(request: Resource) -> Standing:
    """A request whose status is not told is in force: many sources leave it out."""
    status, intent = (str(text(request, name) or "").strip().lower() for name in ("status", "intent"))
    if status in _WITHDRAWN or request.get("doNotPerform") is True:
        return Standing.WITHDRAWN
    if status == "completed":
        return Standing.COMPLETED
    is_order = (not intent or intent in _ORDERS) and not _is_reported(request)
    return Standing.IN_FORCE if status in ("", "active") and is_order else Standing.PENDING


def _is_reported(request: Resource) -> bool:
    """What the patient or another system says to be prescribed is no prescription."""
    return request.get("reportedBoolean") is True or isinstance(request.get("reportedReference"), dict)


def _best(bundle: Bundle, services: list[Resource], stands: _Standings, day: date) -> Resource:
    for standing in (Standing.IN_FORCE, Standing.PENDING, Standing.WITHDRAWN, Standing.COMPLETED):
        found = [one for one in services if stands.of(one) is standing]
        if found:
            return _chosen(bundle, found, day, strict=standing is Standing.IN_FORCE)
    return {}


def _chosen(bundle: Bundle, services: list[Resource], day: date, *, strict: bool) -> Resource:
    """What a header or a task points at, then a home infusion by its category, then the newest."""
    focused = [id(one) for one in _focused(bundle)]
    told = [
        Candidate(
            one, fit=0 if id(one) in focused else 1 if _is_therapy(one) else 2, stated=moment_of(one.get("authoredOn"))
        )
        for one in services
    ]
    choice = choose(told, day)
    if strict and len({str(one.get("identifier")) for one in choice.equals}) > 1:
        problem = "several are in force: say in MessageHeader.focus which is the referral"
        raise Invalid([FieldProblem(path="ServiceRequest", problem=problem)])
    return choice.value or choice.equals[0]


def _focused(bundle: Bundle) -> Iterable[Resource]:
    yield from bundle.resolve_each(bundle.first("MessageHeader"), "focus")
    for task in bundle.every("Task"):
        if text(task, "status") not in ("cancelled", "rejected", "failed", "entered-in-error"):
            yield bundle.resolve(task, "focus")


def _is_therapy(service: Resource) -> bool:
    concepts = [*each(service, "category"), service.get("code")]
    return any(system == OURS_THERAPY for concept in concepts for system, _ in codings(concept))


def _services_of(bundle: Bundle, medication: Resource, services: list[Resource]) -> list[Resource]:
    linked = _linked(bundle, medication, "basedOn", "supportingInformation", "reasonReference")
    group = dig(medication, "groupIdentifier", "value")
    return [
        service
        for service in services
        if any(one is service for one in linked)
        or any(one is medication for one in _linked(bundle, service, "basedOn", "supportingInfo"))
        or (isinstance(group, str) and group == dig(service, "requisition", "value"))
    ]


def _is_linked_outside(bundle: Bundle, medication: Resource) -> bool:
    """To a request that this bundle does not hold."""
    return any(not bundle.holds(one) for one in _linked(bundle, medication, "basedOn"))


def _linked(bundle: Bundle, owner: Resource, *names: str) -> list[Resource]:
    return [found for name in names for found in bundle.resolve_each(owner, name)]


def _of(service: Resource, medications: list[Resource], stands: _Standings) -> Requests:
    by_standing = {one: [m for m in medications if stands.of(m) is one] for one in Standing}
    best = next((one for one in Standing if by_standing[one]), Standing.IN_FORCE)
    standing = stands.of(service) if service else best
    in_force = by_standing[Standing.IN_FORCE] if standing is not Standing.WITHDRAWN else []
    return Requests(service, standing, _each_once(in_force), [] if in_force else medications)


def _each_once(requests: list[Resource]) -> list[Resource]:
    """The same order that stands there twice is one."""
    kept: dict[str, Resource] = {}
    for one in requests:
        kept.setdefault(repr(sorted((k, repr(v)) for k, v in one.items() if k not in _OWN)), one)
    return list(kept.values())
