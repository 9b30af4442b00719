"""Payers that are reached by X12, as their table has them."""

from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.payer.channel import Channel
from firstdose.payer_ports import X12Envelope

BY_X12 = {
    "id": "acme-health",
    "name": "Acme Health",
    "eligibility": "x12",
    "authorization": "x12",
    "base_url": "https://clearinghouse.example/realtime",
}


async def test_a_payer_behind_a_clearinghouse_has_its_numbers(pool: Pool) -> None:
    table = PayerTable(pool)
    told = {
        "x12_envelope": "core",
        "x12_sender": "PHARM01",
        "x12_receiver": "CLEARING01",
        "x12_payer": "60054",
        "x12_test": True,
    }
    assert (await table.import_payers([{**BY_X12, **told}])).problems == ()
    endpoint = await table.endpoint("acme-health")
    assert endpoint is not None
    assert (endpoint.x12_envelope, endpoint.x12_sender, endpoint.x12_receiver) == (
        X12Envelope.CORE,
        "PHARM01",
        "CLEARING01",
    )
    assert (endpoint.x12_payer, endpoint.x12_test, endpoint.x12_url) == ("60054", True, None)
    plan = await table.plan("acme-health", None)
    assert (plan.eligibility, plan.authorization) == (Channel.X12, Channel.X12)


async def test_an_address_that_no_isa_can_hold_is_refused(pool: Pool) -> None:
    table = PayerTable(pool)
    for wrong in ("SIXTEEN-LETTERS-", "A*B", "Å"):
        report = await table.import_payers([{**BY_X12, "x12_receiver": wrong}])
        assert len(report.problems) == 1
