"""FHIR: the plans that pay, who prescribes, and references in all their forms."""

from functools import partial

import pytest

from firstdose.domain.referral.question import QuestionReason
from tests.unit.fhir_example import Tree, asked, coded, drug, referral, updated

NPI = "http://hl7.org/fhir/sid/us-npi"
SEVERAL, NOT_IN_FORCE = QuestionReason.SEVERAL, QuestionReason.NOT_IN_FORCE


@pytest.mark.parametrize(
    ("values", "member_ids"),
    [
        ({"order": 2}, ["PM-7788", "NSH000123456"]),
        ({"status": "draft"}, ["PM-7788"]),
        ({"period": {"end": "2026-11-23"}}, ["PM-7788"]),
        ({"period": {"end": "2026-11-24"}}, ["NSH000123456", "PM-7788"]),
        ({"period": {"start": "2026-11-24"}}, ["NSH000123456", "PM-7788"]),
        ({"period": {"start": "2026-11-25"}}, ["PM-7788"]),
    ],
)
def test_the_coverages_on_the_day_of_service(values: Tree, member_ids: list[str]) -> None:
    def change(resources: dict[str, Tree]) -> None:
        resources["c1"].update(values)
        resources["c2"]["order"] = 1 if values.get("order") else 2

    told = referral(change)
    assert ([one.member_id for one in told.coverages], asked(told)) == (member_ids, [])
    assert told.coverages[0].order == "primary"


def test_equal_and_ended_coverages_are_asked_about() -> None:
    assert asked(referral(updated("c2", order=1))) == [("coverages", SEVERAL)]

    def end(resources: dict[str, Tree]) -> None:
        for one in ("c1", "c2"):
            resources[one]["period"] = {"end": "2025"}

    told = referral(end)
    assert (told.coverages, asked(told)) == ((), [("coverages", NOT_IN_FORCE)])


@pytest.mark.parametrize(
    ("identifiers", "known"),
    [
        ([{"system": NPI, "value": "1992999825"}, {"system": "urn:x", "value": "NORTHSTAR"}], "NORTHSTAR"),
        ([{"system": "urn:oid:2.16.840.1.113883.4.4", "value": "12-3456789"}, {"value": "NORTHSTAR"}], "NORTHSTAR"),
        ([{"value": "Northstar Health Plan of Illinois"}, {"value": "NORTHSTAR"}], "NORTHSTAR"),
        ([{"use": "old", "value": "SOUTHSTAR"}, {"value": "NORTHSTAR"}], "NORTHSTAR"),
        ([{"system": NPI, "value": "1992999825"}], None),
        ([{"value": "ONE"}, {"value": "TWO"}], None),
    ],
)
def test_the_payers_id_that_our_table_can_know(identifiers: list[Tree], known: str | None) -> None:
    for told in (identifiers, identifiers[::-1]):
        assert referral(updated("pay1", identifier=told)).coverages[0].payer.id == known


@pytest.mark.parametrize(
    "payor",
    [
        {"reference": "#plan"},
        {"identifier": {"system": "https://example.org/payers", "value": "NORTHSTAR"}},
        {"reference": "https://lakeside.example.org/fhir/Organization/pay1"},
        {"reference": "Organization/pay1/_history/4"},
        {"reference": "Organization?identifier=https://example.org/payers|NORTHSTAR"},
        {"identifier": {"value": "NORTHSTAR"}, "display": "Northstar Health Plan"},
    ],
)
def test_a_payer_by_any_reference(payor: Tree) -> None:
    plan = {"resourceType": "Organization", "id": "plan", "identifier": [{"value": "NORTHSTAR"}]}
    inside = [plan | {"name": "Northstar Health Plan"}]
    (payer, *_) = [one.payer for one in referral(updated("c1", payor=[payor], contained=inside)).coverages]
    assert (payer.id, payer.name) == ("NORTHSTAR", "Northstar Health Plan")


def test_a_reference_to_another_server_is_not_to_a_namesake_here() -> None:
    told = referral(updated("mr1", requester={"reference": "https://elsewhere.example.org/Practitioner/dr1"}))
    assert told.prescriber.npi is None
    stranger = {"reference": "Practitioner/dr9", "display": "Dr Riley Other"}
    other = {"resourceType": "Practitioner", "id": "dr8", "identifier": [{"system": NPI, "value": "1992999825"}]}
    told = referral(updated("mr1", requester=stranger), other)
    assert (told.prescriber.npi, told.prescriber.name) == (None, "Dr Riley Other")


def test_who_orders_the_drug_prescribes_and_nobody_who_merely_stands_there() -> None:
    doctor = {"resourceType": "Practitioner", "id": "dr8", "identifier": [{"system": NPI, "value": "1992999825"}]}
    told = referral(updated("sr1", requester={"reference": "Practitioner/dr8"}), doctor)
    assert told.prescriber.npi == "1489012371"
    told = referral(lambda _: None, doctor, drug(2, "Cefepime", requester={"reference": "Practitioner/dr8"}))
    assert ("prescriber.npi", SEVERAL) in asked(told)

    def nobody(resources: dict[str, Tree]) -> None:
        for one in ("sr1", "mr1"):
            del resources[one]["requester"]

    assert referral(nobody).prescriber.npi == "1489012371"
    assert referral(nobody, doctor).prescriber.npi is None
    assert referral(nobody, doctor | {"active": False}).prescriber.npi == "1489012371"


MEMBER = {"type": coded("http://terminology.hl7.org/CodeSystem/v2-0203", "MB")}


def test_the_member_and_the_group_by_their_types() -> None:
    identifiers = [{"value": "ACCOUNT", "type": coded(None, "AN")}, {"value": "MEMBER", **MEMBER}]
    classes = [{"value": "PLAN", "type": coded(None, "plan")}, {"value": "GROUP", "type": coded(None, "group")}]
    change = updated("c1", subscriberId="UNKNOWN", identifier=identifiers, **{"class": classes})
    (first, *_) = referral(change).coverages
    assert (first.member_id, first.group) == ("MEMBER", "GROUP")


def test_whose_plan_it_is() -> None:
    _, second = referral(lambda _: None).coverages
    assert (second.relationship, second.subscriber is not None) == ("spouse", True)
    assert second.subscriber is not None
    assert (second.subscriber.family_name, second.subscriber.given_name) == ("Sample", "Jordan")
    _, own = referral(updated("c2", relationship=None, subscriber={"reference": "Patient/p1"})).coverages
    assert (own.relationship, own.subscriber) == ("self", None)
    _, told_self = referral(updated("c2", relationship=coded(None, "self"))).coverages
    assert (told_self.relationship, told_self.subscriber) == ("self", None)
    _, former = referral(updated("rp1", name=[{"use": "old", "family": "Formerly"}])).coverages
    assert former.subscriber is not None
    assert (former.subscriber.family_name, str(former.subscriber.birth_date)) == (None, "1959-09-02")
    _, nobody = referral(updated("c2", subscriber=None)).coverages
    assert nobody.subscriber is None


def test_without_a_whole_day_of_service_today_counts() -> None:
    for starts in ("2026-12", None, "2020-01-01"):
        told = referral(partial(_starting, starts=starts))
        assert [one.member_id for one in told.coverages] == ["NSH000123456", "PM-7788"]


def _starting(resources: dict[str, Tree], starts: str | None) -> None:
    resources["sr1"]["occurrenceDateTime"] = starts
    resources["c1"]["period"] = {"start": "2026-11-21", "end": "2026-11-21"}


def test_an_order_that_is_no_number_is_none() -> None:
    assert asked(referral(updated("c2", order=True))) == []
    assert referral(updated("c2", order=True)).coverages[0].member_id == "NSH000123456"


def test_plans_are_shown_by_name_and_member() -> None:
    (question,) = referral(updated("c2", order=1)).open_questions
    assert sorted(question.values) == ["Northstar Health Plan, NSH000123456", "Prairie Mutual, PM-7788"]
