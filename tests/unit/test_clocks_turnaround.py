"""Payers' turnaround: when a request counts as decided, what does not count, and the sums."""

from datetime import UTC, datetime, timedelta
from typing import Any

from firstdose.domain.turnaround import Asked, Event, asked, turnarounds

SENT = datetime(2026, 3, 2, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
PART_B, EMPLOYER = "Part B drug", "Employer plan"


def submitted(after: int = 0, rule: str = PART_B, payer: str = "acme", due: int = 72) -> Event:
    at = SENT + after * HOUR
    details = {"contact": "c", "rule": rule, "due": (at + due * HOUR).isoformat()}
    return Event(at, "authorization.submitted", details, payer)


def said(after: int, by: str = "payer", **lines: str) -> Event:
    """`said(3, l1="approved")`: the new states of the lines, by their numbers."""
    told = {number[1:]: line for number, line in lines.items()}
    return Event(SENT + after * HOUR, "authorization.lines", {"by": by, "lines": told}, "acme")


def closed(after: int) -> Event:
    return Event(SENT + after * HOUR, "stage", {"stage": "closed"}, "acme")


def summed(*requests: Asked, after: int = 1000) -> list[dict[str, Any]]:
    rows = turnarounds(requests, SENT + after * HOUR)
    return [row.model_dump(exclude_defaults=True) for row in rows]


def one(*entries: Event, after: int = 1000) -> dict[str, Any]:
    """What the report says of these, without what is nought."""
    (row,) = summed(*asked(entries), after=after)
    return {name: value for name, value in row.items() if value and name not in {"payer", "rule", "requests"}}


def test_decided_in_time_late_and_not_yet() -> None:
    assert one(submitted(), said(5, l1="approved")) == {"in_time": 1, "median_hours": 5, "p90_hours": 5}
    late = {"late": 1, "median_hours": 80, "p90_hours": 80, "worst_breach_hours": 8}
    assert one(submitted(), said(1, l1="pended"), said(80, l1="denied")) == late
    assert one(submitted(), said(1, l1="pended"), after=10) == {"open": 1}
    assert one(submitted(), after=73) == {"open": 1, "overdue": 1, "worst_breach_hours": 1}


def test_it_is_decided_with_the_last_of_its_lines() -> None:
    entries = (submitted(), said(1, l1="approved", l2="pended"), said(9, l2="needs_review"), said(20, l2="approved"))
    assert one(*entries[:2]).keys() == {"open", "overdue", "worst_breach_hours"}
    assert one(*entries)["median_hours"] == 9


def test_time_in_which_the_payer_waits_for_us_counts_only_where_the_rule_says_so() -> None:
    def entries(rule: str) -> tuple[Event, ...]:
        return (
            submitted(rule=rule),
            said(10, l1="info_requested"),
            said(60, by="staff", l1="pended"),
            said(100, l1="approved"),
        )

    assert one(*entries(EMPLOYER)) == {"in_time": 1, "median_hours": 50, "p90_hours": 50}
    assert one(*entries(PART_B))["late"] == 1


def test_what_we_gave_up_or_asked_anew_is_nobodys_delay() -> None:
    assert one(submitted(), closed(5)) == {"withdrawn": 1}
    assert one(submitted(), said(1, l1="info_requested"), said(9, by="staff", l1="needs_review")) == {"withdrawn": 1}
    assert one(submitted(), submitted(10), said(12, l1="approved")) == {
        "withdrawn": 1,
        "in_time": 1,
        "median_hours": 2,
        "p90_hours": 2,
    }


def test_what_comes_after_the_decision_changes_nothing() -> None:
    decided = (submitted(), said(5, l1="approved"))
    later = (said(200, l1="pended"), said(300, by="staff", l1="denied"), closed(400))
    assert one(*decided, *later) == one(*decided)


def test_what_was_noted_before_any_request_is_no_answer() -> None:
    assert asked((said(0, by="staff", l1="approved"), closed(1))) == []


def test_a_request_that_no_rule_judges_is_left_out_and_still_ends_the_one_before() -> None:
    unjudged = submitted(10)._replace(details={"contact": "c", "rule": None, "due": None})
    assert one(submitted(), unjudged, said(12, l1="approved")) == {"withdrawn": 1}


def test_sums_are_by_payer_and_rule() -> None:
    tens = [asked((submitted(payer="b"), said(hours, l1="approved")))[0] for hours in range(10, 110, 10)]
    others = [
        asked((submitted(payer=payer, rule=rule),))[0]
        for payer, rule in (("b", EMPLOYER), ("a", PART_B), ("a", PART_B))
    ]
    rows = turnarounds([*tens, *others], SENT + 200 * HOUR)
    assert [(row.payer, row.rule, row.requests) for row in rows] == [
        ("a", PART_B, 2),
        ("b", EMPLOYER, 1),
        ("b", PART_B, 10),
    ]
    assert (rows[2].in_time, rows[2].late, rows[2].median_hours, rows[2].p90_hours) == (7, 3, 55, 90)
    assert rows[2].worst_breach_hours == 28
    assert (rows[0].median_hours, rows[0].open, rows[0].overdue) == (None, 2, 2)
    assert all(row.requests == row.in_time + row.late + row.open + row.withdrawn for row in rows)
