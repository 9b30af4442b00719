"""The circuit breaker's rules: when an outage begins, that one probe at a time ends it, and that one always comes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.payer.health import WELL, HealthRules, PayerHealth, admit, heard, told_to_wait
from firstdose.domain.problem import CallOutcome

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LONGEST = timedelta(seconds=90)
RULES = HealthRules(first_pause=timedelta(seconds=30))


def after(*outcomes: CallOutcome, health: PayerHealth = WELL, apart: timedelta = timedelta(seconds=1)) -> PayerHealth:
    for number, outcome in enumerate(outcomes):
        health = heard(health, outcome, NOW + number * apart, rules=RULES)
    return health


def out() -> PayerHealth:
    return after(*[CallOutcome.FAILED] * 5, apart=timedelta())


def test_failures_in_a_row_open_however_far_apart() -> None:
    assert after(*[CallOutcome.FAILED] * 4).opened_at is None
    assert after(*[CallOutcome.FAILED] * 5, apart=timedelta(hours=1)).opened_at is not None


def test_an_answer_between_begins_the_count_again() -> None:
    assert after(*[CallOutcome.FAILED] * 4, CallOutcome.ANSWERED, *[CallOutcome.FAILED] * 4).opened_at is None


def test_half_of_the_calls_of_a_window_open() -> None:
    by_turns = [CallOutcome.FAILED, CallOutcome.ANSWERED] * 5
    assert after(*by_turns).opened_at is None
    assert after(*by_turns, CallOutcome.FAILED).opened_at is not None
    assert after(*by_turns, CallOutcome.FAILED, apart=timedelta(seconds=30)).opened_at is None, "of several windows"


@pytest.mark.parametrize("outcome", [CallOutcome.ANSWERED, CallOutcome.UNTOLD])
def test_a_payer_that_is_well_stays_as_it_is(outcome: CallOutcome) -> None:
    assert heard(WELL, outcome, NOW, rules=RULES) == WELL


def test_while_it_is_out_a_request_waits_for_the_next_probe() -> None:
    health, refused = admit(out(), NOW + timedelta(seconds=10), LONGEST)
    assert (health, refused.problem, refused.wait) == (out(), "payer_outage", timedelta(seconds=20))


def test_the_pauses_between_probes_double_up_to_a_limit() -> None:
    health, now, pauses = out(), NOW, []
    for _ in range(6):
        assert health.next_probe_at is not None
        pauses.append((health.next_probe_at - now).total_seconds())
        now = health.next_probe_at
        health, probe = admit(health, now, LONGEST)
        health = heard(health, CallOutcome.FAILED, now, probe=probe.probe, rules=RULES)
    assert pauses == [30, 60, 120, 240, 300, 300]


def test_only_the_newest_probe_counts_in_an_outage() -> None:
    lost, first = admit(out(), NOW + timedelta(minutes=1), LONGEST)
    health, second = admit(lost, NOW + timedelta(minutes=1) + LONGEST, LONGEST)
    late = NOW + timedelta(minutes=3)
    assert heard(health, CallOutcome.ANSWERED, late, rules=RULES) == health, "it had left before the outage"
    assert heard(health, CallOutcome.ANSWERED, late, probe=first.probe, rules=RULES) == health
    assert heard(health, CallOutcome.ANSWERED, late, probe=second.probe, rules=RULES).opened_at is None


def test_a_probe_that_never_left_makes_way_for_another() -> None:
    health, probe = admit(out(), NOW + timedelta(minutes=1), LONGEST)
    health = heard(health, CallOutcome.UNTOLD, NOW + timedelta(minutes=1), probe=probe.probe, rules=RULES)
    assert admit(health, NOW + timedelta(minutes=1), LONGEST)[1].probe == 2


def test_what_the_payer_asked_for_outlives_the_outage_and_is_never_shortened() -> None:
    asked = told_to_wait(told_to_wait(out(), NOW + timedelta(hours=1)), NOW + timedelta(minutes=5))
    _, refused = admit(asked, NOW + timedelta(minutes=2), LONGEST)
    assert (refused.problem, refused.wait) == ("payer_busy", timedelta(minutes=58))
    probing, admitted = admit(asked, NOW + timedelta(hours=1), LONGEST)
    well = heard(probing, CallOutcome.ANSWERED, NOW + timedelta(hours=1), probe=admitted.probe, rules=RULES)
    assert (well.opened_at, well.not_before) == (None, NOW + timedelta(hours=1))


@dataclass
class Workers:
    """Any number of workers that ask and hear; no request takes longer than LONGEST."""

    health: PayerHealth = WELL
    now: datetime = NOW
    under_way: list[tuple[datetime, int | None]] = field(default_factory=list)

    def let_pass(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        for lost in [one for one in self.under_way if self.now >= one[0] + LONGEST]:
            self.under_way.remove(lost)  # the worker was killed: nobody hears

    def ask(self) -> None:
        self.health, admission = admit(self.health, self.now, LONGEST)
        if admission.problem is None:
            self.under_way.append((self.now, admission.probe))

    def hear(self, which: int, outcome: CallOutcome) -> None:
        if self.under_way:
            _, probe = self.under_way.pop(which % len(self.under_way))
            self.health = heard(self.health, outcome, self.now, probe=probe, rules=RULES)

    @property
    def probes(self) -> list[int]:
        return [probe for _, probe in self.under_way if probe is not None]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(0, 120)),
        st.tuples(st.just("ask"), st.just(0)),
        st.tuples(st.sampled_from([*CallOutcome]), st.integers(0, 50)),
        st.tuples(st.just(CallOutcome.FAILED), st.integers(0, 50)),
    ),
    max_size=80,
)


@given(health=st.sampled_from([WELL, out()]), steps=STEPS)
def test_never_two_probes_and_always_another_one(health: PayerHealth, steps: list[tuple[str, int]]) -> None:
    workers = Workers(health)
    for step, number in steps:
        if step == "pass":
            workers.let_pass(number)
        elif step == "ask":
            workers.ask()
        else:
            workers.hear(number, CallOutcome(step))
        assert len(workers.probes) <= 1
    # However it stands: after the longest pause, and a lost probe's time, somebody is let through.
    workers.let_pass(int((RULES.longest_pause + LONGEST).total_seconds()))
    before = len(workers.under_way)
    workers.ask()
    assert len(workers.under_way) == before + 1
    workers.hear(before, CallOutcome.ANSWERED)
    assert workers.health.opened_at is None
    assert admit(workers.health, workers.now, LONGEST)[1].problem is None
