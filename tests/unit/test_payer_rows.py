"""The columns of a plan: what may stand in them, what is told of what may not, and what the process learns of them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.payers.rows import ImportedPayerRow, PayerRow
from firstdose.adapters.postgres.staff.imports import RefusedRows, RowProblem, read_rows
from firstdose.domain.clock.business_calendar import Unit
from firstdose.domain.clock.clocks import RULES, start_clock
from firstdose.domain.clock.rules import ClockPurpose, Regime
from firstdose.domain.payer.channel import Channel, PeerToPeerRule, Plan, SiteOfCare
from simulator.plans import made_up_plans

LEAST = {"id": "acme", "name": "Acme Health"}
FULL = {
    "id": "acme",
    "name": "Acme Health",
    "line_of_business": "commercial",
    "contracted": "yes",
    "eligibility": "x12 > people",
    "authorization": "pas > x12 > people",
    "no_authorization": "99601; Nursing s9500",
    "site_of_care": "suite_required",
    "regime": "plan",
    "standard_decision": "3 business days",
    "expedited_decision": "24 hours",
    "after_discharge": "1 business day",
    "time_zone": "America/Chicago",
    "closes": "17:00",
    "federal_holidays": "no",
    "closed_on": "2026-12-24, 2026-12-31",
    "peer_to_peer": "informational",
    "appeal_levels": "1",
    "external_review": "no",
    "appeal_filing_days": "90",
    "phone": "+1-217-555-0110",
    "base_url": "https://payer.example/fhir",
    "timeout": "12",
    "x12_url": "https://clearinghouse.example/x12",
    "x12_login": "clearinghouse",
    "trust_outcome_when_no_review_action": "true",
}


def problems(**changes: Any) -> list[str]:
    with pytest.raises(RefusedRows) as refused:
        read_rows(PayerRow, [{**LEAST, **changes}], key=lambda row: row.id)
    return [problem.problem for problem in refused.value.report.problems]


def test_the_plan_knows_what_the_row_says() -> None:
    plan = PayerRow.model_validate(FULL).plan(3)
    assert (plan.payer, plan.version, plan.contracted) == ("acme", 3, True)
    assert (plan.eligibility, plan.eligibility_fallback) == (Channel.X12, (Channel.PEOPLE,))
    assert (plan.authorization, plan.authorization_fallback) == (Channel.PAS, (Channel.X12, Channel.PEOPLE))
    assert plan.no_authorization == ("99601", "S9500", "nursing")
    assert (plan.site_of_care, plan.peer_to_peer) == (SiteOfCare.SUITE_REQUIRED, PeerToPeerRule.INFORMATIONAL)
    assert (plan.appeal_levels, plan.external_review) == (1, False)
    assert (plan.calendar.time_zone, plan.calendar.closes) == ("America/Chicago", time(17))
    assert plan.calendar.closed_on == (date(2026, 12, 24), date(2026, 12, 31))
    assert not plan.calendar.federal_holidays


def test_the_endpoint_has_the_addresses_and_quirks() -> None:
    endpoint = PayerRow.model_validate(FULL).endpoint
    assert endpoint is not None
    assert (endpoint.payer, endpoint.name, endpoint.timeout) == ("acme", "Acme Health", timedelta(seconds=12))
    assert (endpoint.base_url, endpoint.x12_url) == (FULL["base_url"], FULL["x12_url"])
    assert endpoint.trust_outcome_when_no_review_action
    assert endpoint.x12_login == "clearinghouse"
    assert PayerRow.model_validate(LEAST).endpoint is None


def test_a_plans_own_times_stand_before_the_rules() -> None:
    plan = PayerRow.model_validate(FULL).plan(3)
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)

    def started(purpose: ClockPurpose, *, expedited: bool) -> Any:
        rules = (*plan.clocks, *RULES)
        return start_clock(rules, plan.regime, purpose, friday, drug=True, expedited=expedited, calendar=plan.calendar)

    standard = started(ClockPurpose.DECISION, expedited=False)
    assert standard.due_at == datetime(2026, 3, 11, 22, tzinfo=UTC), "Wednesday at 17:00 in Chicago, in summer time"
    assert (standard.version, standard.citation) == ("3", "plan acme")
    assert started(ClockPurpose.DECISION, expedited=True).due_at == friday + timedelta(hours=24)
    for expedited in (True, False):
        home = started(ClockPurpose.AFTER_DISCHARGE, expedited=expedited)
        assert home.due_at == datetime(2026, 3, 9, 22, tzinfo=UTC), "Monday, the next business day"
        assert home.citation == "plan acme"
    filing = started(ClockPurpose.APPEAL_FILING, expedited=False)
    assert (filing.due_at - friday).days == 90
    assert filing.terms.unit is Unit.CALENDAR_DAYS


@pytest.mark.parametrize(
    ("regime", "appeals"),
    [(Regime.MEDICARE_ADVANTAGE, 1), (Regime.MEDICAID, 1), (Regime.EMPLOYER, 2), (Regime.PLAN, 2)],
)
def test_how_often_a_plan_hears_an_appeal_goes_by_its_regime_unless_its_row_says(regime: Regime, appeals: int) -> None:
    silent = PayerRow.model_validate({**LEAST, "regime": regime}).plan(1)
    told = PayerRow.model_validate({**LEAST, "regime": regime, "appeal_levels": "0"}).plan(1)
    assert (silent.hears_appeals, told.hears_appeals) == (appeals, 0)


def test_what_the_workflow_is_told_has_no_calendar_and_no_clocks() -> None:
    plan = PayerRow.model_validate(FULL).plan(3)
    told = Plan.model_validate_json(plan.model_dump_json())
    assert (told.clocks, told.calendar) == ((), Plan(payer="x").calendar)
    assert told == plan.model_copy(update={"clocks": told.clocks, "calendar": told.calendar})


def test_a_row_is_the_same_when_it_comes_back_from_where_it_is_kept() -> None:
    for row in (FULL, LEAST, *made_up_plans(100, payer_url="http://127.0.0.1:1")):
        checked = PayerRow.model_validate(row)
        kept = checked.model_dump(mode="json", exclude_defaults=True)
        assert PayerRow.model_validate(kept) == checked


def test_what_is_empty_is_as_if_it_were_not_there() -> None:
    blank = dict.fromkeys(PayerRow.model_fields, "")
    assert PayerRow.model_validate({**blank, **LEAST}) == PayerRow.model_validate(LEAST)
    assert PayerRow.model_validate({**dict.fromkeys(blank, None), **LEAST}) == PayerRow.model_validate(LEAST)
    assert problems(name=" ") == ["name: Field required"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": "No Spaces"}, "id: up to 63 small letters, digits and dashes, of which the first is no dash"),
        ({"id": "unknown"}, "id: this word stands for a payer that is in no table"),
        ({"name": "Acme\x00"}, "name: control characters are not accepted"),
        ({"color": "blue"}, "color: Extra inputs are not permitted"),
        ({"line_of_business": "hmo"}, "line_of_business: Input should be 'commercial', 'employer',"),
        ({"contracted": "perhaps"}, "contracted: Input should be a valid boolean, unable to interpret input"),
        ({"authorization": "fax"}, "authorization.0: Input should be 'pas', 'x12' or 'people'"),
        ({"authorization": "people > people"}, "authorization: a channel is there twice"),
        ({"authorization": "people > x12", "x12_url": "https://x.example"}, "authorization: people come last: nothing"),
        ({"eligibility": "people", "authorization": "pas"}, "base_url: the channel pas needs it"),
        ({"subscription_filter": "org={name}"}, "subscription_filter: only {system} and {npi} are filled in"),
        ({"subscription_filter": "org=5"}, "subscription_filter: without {npi} it would not be about our requests"),
        ({"subscription_callback": "{desk}/{id}"}, "subscription_callback: only {desk}, {payer} and {secret} are"),
        ({"subscription_callback": "{desk}/{payer"}, "subscription_callback: a brace is not closed"),
        ({"subscription_callback": "/pas"}, "subscription_callback: it begins with {desk}/ or https:// and has no"),
        ({"member_system": "members"}, "member_system: String should match pattern"),
        ({"eligibility": "x12 > people"}, "x12_url: the channel x12 needs it, or base_url"),
        ({"no_authorization": "99601; infusion"}, "no_authorization.1: neither a HCPCS code nor a kind of line ("),
        ({"site_of_care": "hospital"}, "site_of_care: Input should be 'any', 'home_required' or 'suite_required'"),
        ({"regime": "erisa"}, "regime: Input should be 'medicare_advantage', 'medicaid', 'employer' or 'plan'"),
        ({"standard_decision": "soon"}, "standard_decision: written like 72 hours, 7 days or 3 business days"),
        ({"standard_decision": "0 days"}, "standard_decision: written like 72 hours, 7 days or 3 business days"),
        ({"after_discharge": "next day"}, "after_discharge: written like 72 hours, 7 days or 3 business days"),
        ({"expedited_decision": "1 day"}, "standard_decision: needed beside expedited_decision"),
        ({"time_zone": "Central"}, "time_zone: not an IANA time zone, such as America/Chicago"),
        ({"closes": "17:00+01:00"}, "closes: a local time, without an offset"),
        ({"closed_on": "2026-02-30"}, "closed_on.0: Input should be a valid date"),
        ({"peer_to_peer": "maybe"}, "peer_to_peer: Input should be 'binding', 'informational' or 'none'"),
        ({"appeal_levels": "3"}, "appeal_levels: Input should be less than or equal to 2"),
        ({"appeal_filing_days": "0"}, "appeal_filing_days: Input should be greater than or equal to 1"),
        ({"portal": "portal.example"}, "portal: an address begins with https:// and has no spaces"),
        ({"timeout": "600"}, "timeout: more than 0 seconds, and at most 300"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_told_without_the_value(changes: dict[str, str], told: str) -> None:
    (problem,) = problems(**changes)
    assert problem.startswith(told)
    assert not any(value in problem for value in changes.values() if value not in told)


def test_the_same_id_twice_is_told_with_both_places() -> None:
    with pytest.raises(RefusedRows) as refused:
        read_rows(PayerRow, [LEAST, {**LEAST, "id": "other"}, LEAST], key=lambda row: row.id)
    assert refused.value.report.problems == (RowProblem(3, "has the same key as line 1"),)


def test_of_public_plans_the_clock_runs_on_while_they_wait_for_us() -> None:
    for regime in Regime:
        row = PayerRow.model_validate({**LEAST, "regime": regime, "standard_decision": "5 days"})
        (rule,) = row.plan(1).clocks
        assert rule.tolls == (regime in (Regime.EMPLOYER, Regime.PLAN))
        assert rule.expedited == rule.standard == timedelta(days=5)


@pytest.mark.parametrize("column", ["portal", "base_url", "x12_url", "token_url"])
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://canary.example/fhir", "an address begins with https://, except on this machine"),
        ("https://user:CANARY@canary.example/fhir", "an address has no user or password in it"),
        ("https://canary.example/fhir#CANARY", "an address has no # in it"),
    ],
)
def test_an_address_that_is_not_safe_is_told_with_its_line(column: str, address: str, told: str) -> None:
    asked = {"token_url": "https://payer.example/token", "client_id": "firstdose", "private_key": "ours"}
    with pytest.raises(RefusedRows) as refused:
        read_rows(ImportedPayerRow, [LEAST, {**LEAST, "id": "other", **asked, column: address}], key=lambda row: row.id)
    (problem,) = refused.value.report.problems
    assert (problem.line, problem.problem.startswith(f"{column}: {told}")) == (2, True)
    assert "canary" not in problem.problem.lower()


def test_a_plan_on_this_machine_needs_no_https() -> None:
    row = {**LEAST, "authorization": "pas", "base_url": "http://127.0.0.1:8090/fhir"}
    assert read_rows(ImportedPayerRow, [row], key=lambda row: row.id)


def test_a_plan_that_was_stored_before_is_still_read() -> None:
    assert PayerRow.model_validate({**LEAST, "base_url": "http://payer.example/fhir"}).endpoint is not None
