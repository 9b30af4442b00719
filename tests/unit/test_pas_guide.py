"""Every message that we send to PAS payers, held against our table of the guide; and the table, against the guide."""

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters
from fhir.resources.R4B.subscription import Subscription

from firstdose.adapters.payers.pas.documents import attachment
from firstdose.adapters.payers.pas.eligibility import eligibility_request
from firstdose.adapters.payers.pas.request import inquiry, submission
from firstdose.adapters.payers.pas.subscription import subscription
from firstdose.domain.authorization.lines import Certification
from firstdose.domain.referral.referral import Referral
from tests.contract.cases import NOTE, US, case, endpoint, lines, referral, two_antibiotics
from tests.guide_walk import at, faults, holds, profiles_of
from tests.pas_guide import INQUIRY_ONLY_ABSENT, NEVER_SENT, PROFILES, Demand

Json = dict[str, Any]

PRIOR: Final = "b" * 32


def told(**changes: object) -> Referral:
    return Referral.read({**referral().model_dump(mode="json"), **changes}, today=date(2026, 11, 21))


def update(certification: Certification) -> Json:
    return submission(case(lines=lines(certification=certification), previous_trace=PRIOR), US)


_OWN_PLAN: Final = {"payer": {"id": "northstar"}, "member_id": "M-1"}
_LITTLE: Final = Referral.model_validate({"source_referral_id": "R-1", "coverages": [{"group": "G"}]})
_PDF: Final = {"kind": "other", "content_type": "PDF", "data": NOTE}
_PRACTICE: Final = {"organization": "Lakeside Clinic", "npi": "1234567893", "fax": "+1-312-555-0151"}

MESSAGES: Final[dict[str, Json]] = {
    "initial": submission(case(referral=told(source=_PRACTICE)), US),
    "expedited": submission(case(expedited=True), US),
    "several medications": submission(two_antibiotics(), US),
    "a plan of the patient's own": submission(case(referral=told(coverages=[_OWN_PLAN])), US),
    "little known": submission(case(referral=_LITTLE), US),
    "prescriber without number": submission(case(referral=told(prescriber={"name": "Tester, Morgan, MD"})), US),
    **{f"update {one.name}": update(one) for one in Certification},
    "a document of no media type": submission(case(referral=told(documents=[_PDF])), US),
    "inquiry": inquiry(case(), US),
    "eligibility": eligibility_request(case(), US),
    "attachment": attachment(case(), US, ["clinical_note"]),
    "attachment without member": attachment(case(referral=told(coverages=[{"group": "G"}])), US, ["clinical_note"]),
    "subscription": subscription(endpoint(), US, "https://example.org/hook", "secret"),
}
_VALID: Final[dict[str, Any]] = {"Bundle": Bundle, "Parameters": Parameters, "Subscription": Subscription}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_what_the_guide_demands_and_valid_fhir(name: str) -> None:
    message = MESSAGES[name]
    assert faults(message) == []
    assert message["resourceType"] in _VALID
    _VALID[message["resourceType"]].model_validate(message)


def test_every_profile_of_the_table_is_that_of_something_sent() -> None:
    sent = {profile for message in MESSAGES.values() for profile in profiles_of(message)}
    assert sent == set(PROFILES) - {"profile-organization"}  # is abstract: judged where a role refers to it


def test_dates_are_whole_days_and_the_request_comes_first() -> None:
    """Invariants FullDateRule and ClaimFirst."""
    for message in MESSAGES.values():
        entries = [one["resource"] for one in message.get("entry", [])]
        days = [
            node.value for one in entries for path in _DAYS for node in at(one, path) if path.startswith(_kind(one))
        ]
        assert {len(day) for day in days} <= {10}
    firsts = {_kind(message["entry"][0]["resource"]) for message in MESSAGES.values() if "entry" in message}
    assert firsts == {"Claim.", "CoverageEligibilityRequest."}


_DAYS: Final = (
    "Patient.birthDate",
    "Claim.supportingInfo:DischargeDates.timing[x]",
    "Claim.item.servicedPeriod.start",
    "Claim.item.servicedPeriod.end",
)


def _kind(resource: Json) -> str:
    return f"{resource['resourceType']}."


def test_a_subscriber_is_named_unless_the_patient_is_one() -> None:
    """Invariant self-beneficiary."""
    resources = [one["resource"] for message in MESSAGES.values() for one in message.get("entry", [])]
    coverages = [one for one in resources if one["resourceType"] == "Coverage"]
    codes = [{coding["code"] for coding in one["relationship"]["coding"]} for one in coverages]
    assert {"18" in told or "subscriber" in one for told, one in zip(codes, coverages, strict=True)} == {True}
    assert {frozenset(told) for told in codes} == {frozenset({"self", "18"}), frozenset({"spouse", "01"})}


def test_an_update_holds_the_request_that_it_changes_and_marks_what_changed() -> None:
    """Specification, Updating authorization requests: spec-65, spec-66 and spec-69 to spec-72."""
    for certification in Certification:
        first, prior = _claims(update(certification))
        related = first["related"][0]["claim"]
        assert related["reference"] == f"Claim/{prior['id']}"
        assert related["identifier"] == prior["identifier"][0]
        assert "related" not in prior
        before = _claims(submission(case(trace=PRIOR), US))[0]
        assert (prior["id"], prior["identifier"], prior["diagnosis"]) == (
            *(before["id"], before["identifier"], before["diagnosis"]),
        )
        assert [one["sequence"] for one in first["item"]] == [one["sequence"] for one in prior["item"]]
        marked = [_values(one, "extension-infoChanged") for one in (*first["item"], *first["supportingInfo"])]
        assert all(marked)
        whole = _values(first, "extension-certificationType")
        assert len(whole) == (certification is Certification.CANCEL)


def _claims(bundle: Json) -> list[Json]:
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Claim"]


def _values(element: Json, url: str) -> list[Json]:
    return [one for one in element.get("extension", []) if one["url"].endswith(f"/{url}")]


# Break a message, and the walk tells it: else nothing above would prove anything.
BREAKS: Final = {
    "Claim.insurer": "profile-claim",
    "Claim.careTeam.extension": "profile-claim",
    "Claim.item.category": "profile-claim",
    "Claim.supportingInfo.extension": "profile-claim",
    "Coverage.identifier": "profile-coverage",
    "Patient.gender": "profile-subscriber",
    "Practitioner.name": "profile-practitioner",
    "PractitionerRole.practitioner": "profile-practitionerrole",
    "DocumentReference.category": "profile-documentreference",
    "Organization.name": "profile-insurer",
}


@pytest.mark.parametrize("path", BREAKS)
def test_what_is_left_out_is_told(path: str) -> None:
    kind, *between, last = path.split(".")
    broken = deepcopy(MESSAGES["initial"])
    for entry in broken["entry"]:
        holders = at(entry["resource"], f"{kind}.{between[0]}") if between else None
        for holder in [node.value for node in holders] if holders is not None else [entry["resource"]]:
            if entry["resource"]["resourceType"] == kind:
                holder.pop(last, None)
    assert any(fault.startswith(BREAKS[path]) for fault in faults(broken))


def test_another_value_code_or_reference_is_told() -> None:
    broken = deepcopy(MESSAGES["initial"])
    claim = broken["entry"][0]["resource"]
    claim["status"] = "cancelled"
    claim["item"][0]["locationCodeableConcept"]["coding"][0]["code"] = "99"
    claim["careTeam"][0]["provider"] = claim["patient"]
    named = {fault.split()[1] for fault in faults(broken)}
    assert {"Claim.status:", "Claim.item.location[x]:", "Claim.careTeam.provider:"} <= named


GUIDE: Final = Path(__file__).parents[3] / "shared/fixtures/pas-ig/constraints-2.2.1.json"


@pytest.mark.skipif(not GUIDE.exists(), reason="the guide's constraints do not lie beside the project")
@pytest.mark.parametrize("profile", PROFILES)
def test_the_table_says_what_the_guide_says(profile: str) -> None:
    ours = {demand.path: demand for demand in PROFILES[profile].demands}
    theirs = {element["id"]: element for element in json.loads(GUIDE.read_text())[profile]["elements"]}
    assert len(ours) == len(PROFILES[profile].demands)
    assert set(ours) - set(theirs) == set()
    missing = {path for path, element in theirs.items() if _binds(element) and path not in ours}
    assert {path for path in missing if not _left_out(path, profile)} == set()
    assert {path for path, demand in ours.items() if not _agrees(demand, theirs[path])} == set()


def _left_out(path: str, profile: str) -> bool:
    absent = INQUIRY_ONLY_ABSENT if profile == "profile-claim-inquiry" else ()
    return any(path == top or path.startswith((f"{top}.", f"{top}:")) for top in (*NEVER_SENT, *absent))


def _fixed(element: Json) -> Any:
    return next((value for name, value in element.items() if name.startswith(("fixed", "pattern"))), None)


def _profiles(element: Json) -> set[str]:
    named = {target.partition("|")[0] for target in element.get("targets", [])}
    return {name for name in named if name.startswith("profile-")}


def _binds(element: Json) -> bool:
    return bool(
        element["min"]
        or element["max"] == "0"
        or _fixed(element) is not None
        or "required_binding" in element
        or _profiles(element)
    )


def _agrees(demand: Demand, element: Json) -> bool:
    most = "*" if demand.most is None else str(demand.most)
    pattern = _fixed(element)
    return (
        (demand.least, most) == (element["min"], element["max"])
        and (holds(demand.holds, pattern) if pattern is not None else demand.holds is None)
        and bool(demand.codes) is ("required_binding" in element)
        and set(demand.to) <= _profiles(element)
        and bool(demand.to) is bool(_profiles(element))
    )
