"""Decision clocks: which rule judges, and by when."""

from datetime import UTC, datetime, timedelta

import pytest

from firstdose.domain.clocks import RULES, Regime, decision_clock

RECEIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("regime", "drug", "standard", "expedited"),
    [
        (Regime.MEDICARE_ADVANTAGE, True, timedelta(hours=72), timedelta(hours=24)),
        (Regime.MEDICARE_ADVANTAGE, False, timedelta(days=7), timedelta(hours=72)),
        (Regime.MEDICAID, True, timedelta(hours=24), timedelta(hours=24)),
        (Regime.MEDICAID, False, timedelta(days=7), timedelta(hours=72)),
        (Regime.EMPLOYER, True, timedelta(days=15), timedelta(hours=72)),
        (Regime.EMPLOYER, False, timedelta(days=15), timedelta(hours=72)),
    ],
)
def test_the_regimes(regime: Regime, drug: bool, standard: timedelta, expedited: timedelta) -> None:
    for urgent, allowed in ((False, standard), (True, expedited)):
        clock = decision_clock(RULES, regime, RECEIVED, drug=drug, expedited=urgent)
        assert clock.due_at - RECEIVED == allowed
        assert clock.citation
        assert clock.version


def test_every_regime_has_a_rule_for_drugs_and_for_services() -> None:
    for regime in Regime:
        for drug in (True, False):
            assert decision_clock(RULES, regime, RECEIVED, drug=drug, expedited=False).due_at > RECEIVED


def test_without_a_rule_nobody_guesses() -> None:
    with pytest.raises(LookupError, match="no clock rule"):
        decision_clock((), Regime.PLAN, RECEIVED, drug=True, expedited=False)
