"""FHIR: who the patient is, their language and contacts, who prescribes and who refers."""

import pytest

from desk.intake.problems import Invalid
from firstdose.domain.referral.question import QuestionReason
from tests.unit.fhir_example import Tree, asked, drug, message, referral, updated

NPI = "http://hl7.org/fhir/sid/us-npi"
BCP47 = "urn:ietf:bcp:47"
MERGED: Tree = {"resourceType": "Patient", "id": "p2", "birthDate": "1970-01-02", "name": [{"family": "Merged"}]}


def _without_subject(resources: dict[str, Tree]) -> None:
    for one in ("sr1", "mr1"):
        del resources[one]["subject"]


def test_a_patient_who_was_merged_into_another_is_the_other() -> None:
    link = [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]
    assert referral(updated("p1", link=link), MERGED).patient.family_name == "Merged"
    see_also = [{"type": "seealso", "other": {"reference": "Patient/p2"}}]
    assert referral(updated("p1", link=see_also), MERGED).patient.family_name == "Sample"


def test_the_only_patient_in_force_is_meant_where_the_request_does_not_say() -> None:
    assert referral(_without_subject).patient.family_name == "Sample"
    assert referral(_without_subject, MERGED | {"active": False}).patient.family_name == "Sample"
    with pytest.raises(Invalid) as refused:
        message(_without_subject, MERGED)
    assert refused.value.errors[0]["path"] == "ServiceRequest.subject"


@pytest.mark.parametrize(
    ("spoken", "language"),
    [
        ([{"language": {"coding": [{"system": BCP47, "code": "es"}], "text": "Spanish"}}], "es"),
        ([{"language": {"coding": [{"system": "urn:local", "code": "7"}], "text": "Spanish"}}], "Spanish"),
        ([{"language": {"coding": [{"code": "es"}]}}], "es"),
        ([{"language": {"coding": [{"code": "aa"}, {"system": BCP47, "code": "es"}]}}], "es"),
        ([{"language": {"text": "English"}}, {"language": {"text": "Spanish"}, "preferred": True}], "Spanish"),
        ([{"language": {"text": "English"}}, {"language": {"text": "Spanish"}}], None),
    ],
)
def test_the_preferred_language(spoken: list[Tree], language: str | None) -> None:
    told = referral(updated("p1", communication=spoken))
    assert told.patient.language == language
    assert (("patient.language", QuestionReason.SEVERAL) in asked(told)) is (language is None)


def test_a_prescribers_office_by_the_role_and_failing_that_by_the_person() -> None:
    role = {"resourceType": "PractitionerRole", "id": "pr9", "practitioner": {"reference": "Practitioner/dr1"}}
    office = role | {"telecom": [{"system": "phone", "value": "+1-312-555-0177"}]}
    told = referral(updated("mr1", requester={"reference": "PractitionerRole/pr9"}), office).prescriber
    assert (told.npi, told.phone, told.fax) == ("1489012371", "+1-312-555-0177", "+1-312-555-0151")


def test_one_person_referred_to_in_two_ways_is_one() -> None:
    again = {"identifier": {"system": NPI, "value": "1489012371"}, "display": "Dr Morgan Tester"}

    told = referral(lambda _: None, drug(2, "Cefepime", requester=again))
    assert (told.prescriber.npi, len(told.order.medications), asked(told)) == ("1489012371", 2, [])


def test_work_numbers_first_for_an_office() -> None:
    points = [
        {"system": "phone", "use": "home", "value": "+1-312-555-0111"},
        {"system": "phone", "use": "work", "value": "+1-312-555-0112"},
        {"system": "phone", "use": "mobile", "value": "+1-312-555-0113"},
    ]
    assert referral(updated("dr1", telecom=points)).prescriber.phone == "+1-312-555-0112"


def test_who_refers() -> None:
    header = {"resourceType": "MessageHeader", "id": "h", "sender": {"reference": "Organization/org2"}}
    clinic = {"resourceType": "Organization", "id": "org2", "name": "Prairie Clinic"}
    assert referral(lambda _: None, header, clinic).source.organization == "Prairie Clinic"
    assert referral(lambda _: None, clinic).source.organization == "Lakeside General Hospital"

    def nobody(resources: dict[str, Tree]) -> None:
        for one in ("sr1", "mr1"):
            del resources[one]["requester"]

    assert referral(nobody).source.organization == "Lakeside General Hospital"
    assert referral(nobody, clinic).source.organization is None
    assert referral(nobody, clinic | {"active": False}).source.organization == "Lakeside General Hospital"
