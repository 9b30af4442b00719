"""The alert rules name metrics and labels that the desk really has."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from desk.metrics import ANSWERS, INTAKE, STALLED, UNDELIVERED
from desk.stalls import COUNTED

RULES = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "alerts.yaml").read_text())["groups"][0]["rules"]


@pytest.fixture(scope="module")
def exposed() -> str:
    for kind in COUNTED:
        STALLED.labels(kind).set(0)
    ANSWERS.labels("temporal").set(1)
    UNDELIVERED.labels("messages").set(0)
    INTAKE.labels("unverified").inc(0)
    return generate_latest().decode()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_watches_something_that_is_measured(rule: dict[str, Any], exposed: str) -> None:
    (name,) = set(re.findall(r"firstdose_\w+", rule["expr"]))
    assert f"\n{name}{{" in exposed
    assert rule["annotations"]["summary"]


def test_every_kind_that_is_counted_has_a_rule() -> None:
    watched = " ".join(rule["expr"] for rule in RULES)
    assert [kind for kind in COUNTED if kind not in watched] == []
