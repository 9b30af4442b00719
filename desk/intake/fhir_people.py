"""From FHIR: names, telephone numbers and identifiers of people and organizations, the fitting ones first."""

from collections.abc import Mapping

from desk.intake.draft import Draft
from desk.intake.fhir_elements import Resource, candidate, each, fact, joined, text
from firstdose.domain.referral.choice import Candidate, in_order
from firstdose.domain.referral.question import QuestionReason

NPI = ("http://hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6")
_NAMES = {"official": 0, "usual": 1, None: 2, "nickname": 3, "anonymous": 4, "temp": 5}
_FORMER = {"old", "maiden"}
_PATIENT_USES = {"mobile": 0, "home": 1, None: 2, "work": 3, "temp": 4}
_OFFICE_USES = {"work": 0, None: 1, "mobile": 2, "home": 3, "temp": 4}
_UNRANKED = 100


def names(person: Resource) -> list[Candidate[tuple[str, str]]]:
    """(family, given); either may be empty."""
    return [
        candidate(
            (fact(name, "family") or "", joined(name.get("given")) or ""),
            name,
            fit=_NAMES.get(text(name, "use"), 3),
            affirmed=text(name, "use") not in _FORMER,
        )
        for name in each(person, "name")
        if fact(name, "family") or joined(name.get("given"))
    ]


def put_name(draft: Draft, person: Resource, path: str, origin: str) -> None:
    """Family and given name below the path; a name that is only one text, or only former ones, are asked about."""
    at = f"{path}.family_name"
    told = names(person)
    chosen = draft.pick(at, told, shown=lambda name: ", ".join(part for part in name if part))
    family, given = chosen or ("", "")
    draft.put(at, family, f"{origin}.family")
    draft.put(f"{path}.given_name", given, f"{origin}.given")
    if told and not any(one.holds_on(draft.today) for one in told):
        draft.ask(at, QuestionReason.NOT_IN_FORCE, (", ".join(one.value) for one in told))
    unparsed = [whole for name in each(person, "name") if (whole := text(name, "text"))]
    if not told and unparsed:
        draft.ask(at, QuestionReason.NOT_UNDERSTOOD, unparsed)


def whole_name(person: Resource) -> list[Candidate[str]]:
    """As a person would write it, for those who need no parts: of a HumanName, an Organization, a mere Reference."""
    named = [
        candidate(
            whole,
            name,
            fit=_NAMES.get(text(name, "use"), 3),
            affirmed=text(name, "use") not in _FORMER,
        )
        for name in each(person, "name")
        if (whole := full_name(name))
    ]
    return named or [Candidate(told) for told in (text(person, "name"), text(person, "display")) if told]


def full_name(name: object) -> str | None:
    return fact(name, "text") or joined([joined_given(name), fact(name, "family")])


def joined_given(name: object) -> str | None:
    return joined(name.get("given")) if isinstance(name, dict) else None


def phones(person: object) -> list[Candidate[str]]:
    """For calls to people at home: by the sender's rank, then a mobile number first."""
    return [*_points(person, "phone", _PATIENT_USES), *_points(person, "sms", _PATIENT_USES)]


def office(organization: object, system: str) -> list[Candidate[str]]:
    """The `phone` or `fax` of someone at work."""
    return _points(organization, system, _OFFICE_USES)


def emails(person: object) -> list[Candidate[str]]:
    return _points(person, "email", _PATIENT_USES)


def sorted_values(draft: Draft, candidates: list[Candidate[str]]) -> list[str]:
    """All that hold, the best first; equal ones in the order of the alphabet, whatever theirs in the message."""
    return in_order(sorted(candidates, key=lambda one: one.value), draft.today)


def npi(resource: Resource) -> list[Candidate[str]]:
    return [
        candidate(value, one, affirmed=one.get("use") != "old")
        for one in each(resource, "identifier")
        if text(one, "system") in NPI and (value := text(one, "value"))
    ]


def _points(person: object, system: str, uses: Mapping[str | None, int]) -> list[Candidate[str]]:
    return [
        candidate(value, point, fit=_rank(point) * 10 + uses.get(text(point, "use"), 5), affirmed=_is_current(point))
        for point in each(person, "telecom")
        if point.get("system") == system and (value := text(point, "value"))
    ]


def _is_current(point: Resource) -> bool:
    return point.get("use") != "old"


def _rank(point: Resource) -> int:
    rank = point.get("rank")
    return min(rank, _UNRANKED) if isinstance(rank, int) and not isinstance(rank, bool) else _UNRANKED
