"""On a whole stack: what a person is shown of a payer's answer (API, command line), understood at sight.

The payer is the simulated one; nobody else answers in its place.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from firstdose.domain.payer.channel import Channel
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind as K
from local.stack import LocalStack, StackOptions
from simulator.payer import payer_app
from simulator.payer_book import PayerBook
from simulator.referrals import make_referral
from simulator.scenario import load_scenarios
from tests.contract.conftest import serving
from tests.integration.test_fax_to_visit import Pharmacy
from tests.whole_stack import POLICY, free_ports, named, outside, plan, with_plans

PAYERS: Final = {"sightly": Channel.PAS, "edi-sightly": Channel.X12}
NUMBERS: Final = count(1)
"""Each referral is of another patient: none is taken for a duplicate."""
DECIDED_BY_THE_TEST: Final = {K.VERIFY_BENEFITS, K.REVIEW_DECISION, K.ANSWER_INFORMATION_REQUEST}


@pytest.fixture(scope="module")
async def pharmacy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pharmacy]:
    folder = tmp_path_factory.mktemp("sight")
    async with serving(payer_app(PayerBook())) as url:
        addresses = {Channel.PAS: ("base_url", "fhir"), Channel.X12: ("x12_url", "x12")}
        reached = [
            {**plan(payer, channel, timeout=10), addresses[channel][0]: f"{url}/{addresses[channel][1]}/{payer}"}
            for payer, channel in PAYERS.items()
        ]
        options = StackOptions(
            state=folder / "state",
            ports=free_ports(),
            policy=POLICY,
            imports=with_plans(folder, reached),
            simulator=False,
        )
        async with LocalStack(options, report=print) as stack, outside(stack.state.path) as world:
            yield Pharmacy(world, left=set(DECIDED_BY_THE_TEST))


async def asked(pharmacy: Pharmacy, scenario: str, payer: str, kind: K) -> dict[str, Any]:
    """The item that the payer's answer brings, as the API shows it; whatever comes before is answered as usual."""
    number = next(NUMBERS)
    told = make_referral(load_scenarios()[scenario], number, plan=named(payer))
    referral_id = await pharmacy.refer(told, f"sight-{number}")
    working = asyncio.create_task(pharmacy.works_until(referral_id, "on_service", "closed"))
    try:
        item = await pharmacy.item(referral_id, kind)
    finally:
        working.cancel()
    shown: dict[str, Any] = await pharmacy.get(f"/api/work-items/{item.id}")
    return shown


async def on_the_command_line(pharmacy: Pharmacy, item: dict[str, Any]) -> str:
    """What `firstdose resolve ITEM --schema` prints, in one line: a table folds what is long, column by column."""
    environment = {**os.environ, "FIRSTDOSE_STATE": str(pharmacy.world.state)}
    command = ("resolve", item["id"], "--schema", "--as", Role.REIMBURSEMENT_SPECIALIST.value)
    ran = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("firstdose"), *command, env=environment, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await ran.communicate()
    assert ran.returncode == 0
    return " ".join(printed.decode().split())


def of_kind(item: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in item["shown"]["remarks"] if one["kind"] == kind]


async def test_another_drug_than_was_asked_for(pharmacy: Pharmacy) -> None:
    item = await asked(pharmacy, "exchanged_drug", "sightly", K.REVIEW_DECISION)
    (other,) = of_kind(item, "exchanged")
    assert (other["meaning"], other["about"]) == ("another service is authorized than was asked for", ["J0690"])
    printed = await on_the_command_line(pharmacy, item)
    for words in ("another service is authorized than was asked for", "J0690", "The formulary prefers cefazolin."):
        assert all(word in printed for word in words.split()), words


async def test_a_processing_error(pharmacy: Pharmacy) -> None:
    item = await asked(pharmacy, "processing_error", "sightly", K.REVIEW_DECISION)
    (error,) = of_kind(item, "rejected")
    wanted = "the payer did not process this: the date of service is missing or wrong; correct it and send it again"
    assert (error["meaning"], error["text"]) == (wanted, "Service date is missing")
    printed = await on_the_command_line(pharmacy, item)
    for words in (wanted, "Service date is missing"):
        assert all(word in printed for word in words.split()), words


async def test_an_information_request(pharmacy: Pharmacy) -> None:
    item = await asked(pharmacy, "information_requested", "sightly", K.ANSWER_INFORMATION_REQUEST)
    assert item["shown"]["wanted"] == [{"code": "11506-3", "words": "progress note"}]
    assert "the payer wants to see this before it decides: progress note" in {
        one["meaning"] for one in of_kind(item, "wanted")
    }
    printed = await on_the_command_line(pharmacy, item)
    assert "The payer wants to see DOCUMENT CODE progress note 11506-3" in printed


@pytest.mark.parametrize("payer", PAYERS)
@pytest.mark.parametrize(
    ("scenario", "problem", "kind", "meaning", "words"),
    [
        ("nursing_not_covered", "service_not_covered", "not_covered", "not covered", "99601"),
        (
            "another_payer_named",
            "another_payer_named",
            "another_payer",
            "another payer pays, or pays first",
            "Sunny Advantage HMO",
        ),
        ("no_days_left", "benefit_used_up", "limit", "the benefit is limited", "0"),
    ],
)
async def test_what_changes_the_decision_about_a_plan(
    pharmacy: Pharmacy, payer: str, scenario: str, problem: str, kind: str, meaning: str, words: str
) -> None:
    item = await asked(pharmacy, scenario, payer, K.VERIFY_BENEFITS)
    assert item["asks"]["problem"] == problem
    (one,) = of_kind(item, kind)
    assert one["meaning"] == meaning
    printed = await on_the_command_line(pharmacy, item)
    for said in (meaning, words):
        assert all(word in printed.casefold() for word in said.casefold().split()), said
