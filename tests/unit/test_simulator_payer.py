"""The simulated payer's memory and scripts."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from simulator.payer_book import Asking, Delivered, Filed, PayerBook, Subscribed
from simulator.scenario import PayerScript, ScenarioRequest, Word, load_scenarios, scenario_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def request(scenario: str, trace: str = "t1", cancels: str | None = None) -> Filed:
    return Filed(
        payer="northstar",
        trace=trace,
        trace_system="urn:trnorg:9123456789",
        scenario=scenario,
        lines=(Asking(sequence=1, code="J3370", units=42),),
        cancels=cancels,
        answered_at=NOW,
    )


def test_every_scenario_can_be_read_and_lies_in_a_file_of_its_name() -> None:
    folder = Path(__file__).parents[2] / "simulator/scenarios"
    assert {path.stem for path in folder.glob("*.yaml")} == set(load_scenarios())


def test_the_documentation_says_where_each_scenario_is_tried() -> None:
    tests = Path(__file__).parents[1]
    text = (tests.parent / "docs/simulator.md").read_text()
    tables = text[text.index("## What payers do") :]
    named = set(re.findall(r"`([a-z0-9_]+)`", tables))
    tried = set(re.findall(r"`([a-z]+/test_[a-z_]+)`", tables))
    assert named == set(load_scenarios())
    assert [test for test in tried if not (tests / f"{test}.py").exists()] == []


@pytest.mark.parametrize(
    ("member_id", "name"),
    [
        ("SIM-PENDED-THREE-DAYS-7", "pended_three_days"),
        ("sim-approved-1", "approved"),
        ("SIM-NO-SUCH-1", "approved"),
        ("NSH000123456", "approved"),
        (None, "approved"),
    ],
)
def test_the_member_id_chooses_the_scenario(member_id: str | None, name: str) -> None:
    assert scenario_of(member_id).name == name


def test_a_seed_gives_each_member_in_no_scenario_one_of_them() -> None:
    members = [f"NSH{number:09}" for number in range(300)]
    dealt, again, otherwise = ([scenario_of(each, seed=seed).name for each in members] for seed in (7, 7, 8))
    assert dealt == again != otherwise
    assert set(dealt) == set(load_scenarios())
    book = PayerBook(seed=7)
    assert [book.scenario_of(each).name for each in members] == dealt
    assert book.scenario_of("SIM-PARTIAL-1").name == "partial"
    assert book.scenario_of(None).name == PayerBook().scenario_of(members[0]).name == "approved"


def test_a_script_answers_the_submission_at_once() -> None:
    with pytest.raises(ValidationError):
        PayerScript.model_validate({"authorization": [{"answer": "approve", "after": "P1D"}]})


def test_a_pended_request_is_decided_when_its_time_has_come() -> None:
    clock = Clock()
    book = PayerBook(speed=24, clock=clock)
    filed = book.file(request("pended_three_days"))
    assert filed.due_at == NOW + timedelta(hours=3)
    clock.now += timedelta(hours=2)
    book.decide_due()
    assert filed.present.answer is Word.PEND
    clock.now += timedelta(hours=1)
    book.decide_due()
    assert (filed.present.answer, filed.untold) == (Word.APPROVE, True)


def test_documents_start_the_clock_of_an_information_request() -> None:
    book = PayerBook(clock=Clock())
    filed = book.file(request("information_requested"))
    assert filed.due_at is None
    book.documents("northstar", "t1")
    assert filed.due_at == NOW + timedelta(days=1)


def test_of_two_decisions_in_one_moment_the_last_is_the_present_one() -> None:
    clock = Clock()
    book = PayerBook(clock=clock)
    filed = book.file(request("two_answers_at_once"))
    clock.now += timedelta(days=1)
    book.decide_due()
    assert (filed.step, filed.present.answer) == (2, Word.DENY)


def test_a_payer_is_away_for_as_long_as_simulated_time_says_and_then_back_for_everybody() -> None:
    clock, scenario = Clock(), load_scenarios()["dead_for_a_week"]
    book = PayerBook(speed=24, clock=clock)

    def away(payer: str, trace: str) -> bool:
        return book.fault(payer, trace, scenario, ScenarioRequest.SUBMIT) is not None

    assert away("northstar", "t1")
    clock.now += timedelta(hours=7) - timedelta(seconds=1)
    assert away("northstar", "t2")
    clock.now += timedelta(seconds=1)
    assert not away("northstar", "t1")
    assert not away("northstar", "t2")
    assert away("lakeshore", "t3"), "each payer for itself"


def test_the_same_request_again_is_counted_and_nothing_else() -> None:
    book = PayerBook(clock=Clock())
    for _ in range(3):
        book.file(request("approved"))
    assert book.recorder()["submissions"] == {"t1": 3}


def test_a_cancelled_request_is_never_decided() -> None:
    clock = Clock()
    book = PayerBook(clock=clock)
    filed = book.file(request("pended_three_days"))
    book.file(request("pended_three_days", trace="t2", cancels="t1"))
    clock.now += timedelta(days=9)
    book.decide_due()
    assert (filed.step, filed.untold) == (0, False)
    assert book.recorder()["cancelled"] == ["t1"]


def test_a_payer_may_decide_what_was_taken_back() -> None:
    clock = Clock()
    book = PayerBook(clock=clock)
    filed = book.file(request("answered_after_cancellation"))
    book.file(request("answered_after_cancellation", trace="t2", cancels="t1"))
    clock.now += timedelta(days=10)
    book.decide_due()
    assert (filed.present.answer, filed.untold) == (Word.APPROVE, True)
    assert book.recorder()["cancelled"] == ["t1"]


def test_a_payer_remembers_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "payer.jsonl"
    book = PayerBook(state=state, clock=Clock())
    book.file(request("pended_three_days"))
    book.subscribe(Subscribed(id="s1", payer="northstar", criteria="c", endpoint="http://127.0.0.1:1/hook"))
    book.documents("northstar", "t1")
    book.count(Delivered(what="billing", name="msg_1", type="claim.ready"))
    with state.open("a") as file:
        file.write('\n{"Filed": {"payer": "nor')  # killed while writing
    again = PayerBook(state=state, clock=Clock())
    assert again.recorder() == book.recorder()
    assert again.next_due() == NOW + timedelta(days=3)
    again.file(request("pended_three_days"))
    assert PayerBook(state=state).recorder()["submissions"] == {"t1": 2}


def test_the_newest_subscription_of_a_sender_replaces_the_one_before() -> None:
    book = PayerBook(clock=Clock())
    for port in (1, 2):
        wanted = Subscribed(id=f"s{port}", payer="northstar", criteria="c", endpoint=f"http://127.0.0.1:{port}/")
        book.subscribe(wanted)
    assert [one.endpoint for one in book.subscriptions.values()] == ["http://127.0.0.1:2/"]
