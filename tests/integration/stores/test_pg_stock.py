"""Stock: what is reserved is gone from the shelf, once per key, and comes back once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.imports import ImportReport
from firstdose.adapters.postgres.staff.stock import LONGEST_SUPPLY, PostgresPharmacy
from firstdose.domain.care.therapy import Reservation
from firstdose.ports import EffectRequest, Impossible

TODAY = datetime.now(UTC).date()
NONE = Reservation(available=False)

Actions = Callable[[str], Awaitable[list[str]]]
Refer = Callable[..., Awaitable[str]]
UntilWaiting = Callable[..., Awaitable[None]]


@pytest.fixture
def pharmacy(pool: Pool, audit: AuditTrail) -> PostgresPharmacy:
    return PostgresPharmacy(pool, audit)


def lot(name: str, quantity: int, days: int = 90, hcpcs: str = "J0696") -> dict[str, object]:
    return {"hcpcs": hcpcs, "lot": name, "quantity": quantity, "expires": (TODAY + timedelta(days=days)).isoformat()}


def asked(referral_id: str, key: str = "k1") -> EffectRequest:
    return EffectRequest(referral_id=referral_id, key=key)


async def on_shelf(pool: Pool) -> dict[str, int]:
    return {row["lot"]: row["quantity"] for row in await pool.fetch("SELECT lot, quantity FROM stock")}


async def test_the_lot_that_expires_first_but_lasts_is_taken(
    pool: Pool, pharmacy: PostgresPharmacy, referral_id: str
) -> None:
    await pharmacy.import_stock([lot("SHORT", 5, days=13), lot("LATE", 5), lot("GOOD", 1, days=15), lot("EMPTY", 0)])
    assert await pharmacy.reserve(asked(referral_id)) == Reservation(available=True, lot="GOOD")
    assert await pharmacy.reserve(asked(referral_id, "k2")) == Reservation(available=True, lot="LATE")
    assert await on_shelf(pool) == {"SHORT": 5, "LATE": 4, "GOOD": 0, "EMPTY": 0}


async def test_a_lot_need_not_last_longer_than_one_supply(pharmacy: PostgresPharmacy, refer: Refer) -> None:
    await pharmacy.import_stock([lot("L1", 1, days=LONGEST_SUPPLY.days + 1)])
    assert (await pharmacy.reserve(asked(await refer(**{"order.duration_days": 365})))).available


async def test_a_reservation_is_made_once_per_key(
    pool: Pool, pharmacy: PostgresPharmacy, referral_id: str, until_waiting: UntilWaiting
) -> None:
    await pharmacy.import_stock([lot("L1", 9)])
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM stock FOR UPDATE")
        attempts = [asyncio.create_task(pharmacy.reserve(asked(referral_id))) for _ in range(3)]
        await until_waiting(*attempts)
    made = await asyncio.gather(*attempts)
    assert set(made) == {Reservation(available=True, lot="L1")}
    assert await on_shelf(pool) == {"L1": 8}


async def test_a_release_gives_back_once_and_its_key_is_spent(
    pool: Pool, pharmacy: PostgresPharmacy, referral_id: str
) -> None:
    await pharmacy.import_stock([lot("L1", 1)])
    await pharmacy.reserve(asked(referral_id))
    await asyncio.gather(*(pharmacy.release(asked(referral_id)) for _ in range(4)))
    await pharmacy.release(asked(referral_id, "never"))
    assert await on_shelf(pool) == {"L1": 1}
    assert await pharmacy.reserve(asked(referral_id)) == NONE
    assert (await pharmacy.reserve(asked(referral_id, "k2"))).lot == "L1"


async def test_what_is_reserved_and_given_back_is_audited_once(
    pool: Pool, pharmacy: PostgresPharmacy, audit: AuditTrail, referral_id: str, actions: Actions
) -> None:
    await pharmacy.reserve(asked(referral_id, "nothing there"))
    await pharmacy.import_stock([lot("L1", 1)])
    for _ in range(2):
        await pharmacy.reserve(asked(referral_id))
    for _ in range(2):
        await pharmacy.release(asked(referral_id))
    assert await actions(referral_id) == ["received", "stock.reserved", "stock.released"]
    details = await pool.fetchval("SELECT details FROM audit WHERE action = 'stock.released'")
    assert details == {"key": "k1", "hcpcs": "J0696", "lot": "L1"}
    assert (await audit.verify(pool)).intact


async def test_of_many_who_want_the_last_units_none_gets_too_much_or_too_little(
    pool: Pool, pharmacy: PostgresPharmacy, refer: Refer
) -> None:
    await pharmacy.import_stock([lot("L1", 7), lot("L2", 1, days=99)])
    patients = [await refer() for _ in range(12)]
    made = await asyncio.gather(*(pharmacy.reserve(asked(each, f"k-{each}")) for each in patients))
    assert Counter(each.lot for each in made) == {"L1": 7, "L2": 1, None: 4}
    assert await on_shelf(pool) == {"L1": 0, "L2": 0}


TWO = {
    "order.medications": [
        {"drug": {"name": "Cefepime", "hcpcs": "J0692"}, "frequency": "q8h", "duration_days": 14},
        {"drug": {"name": "Daptomycin", "hcpcs": "J0878"}, "frequency": "q24h", "duration_days": 42},
    ]
}


async def test_two_medications_are_taken_together_and_come_back_together(
    pool: Pool, pharmacy: PostgresPharmacy, refer: Refer, actions: Actions
) -> None:
    await pharmacy.import_stock([lot("C1", 1, hcpcs="J0692"), lot("D1", 1, hcpcs="J0878")])
    referral_id = await refer(**TWO)
    reserved = Reservation(available=True, lot="C1", further_lots=("D1",))
    assert [await pharmacy.reserve(asked(referral_id)) for _ in range(2)] == [reserved] * 2
    assert await on_shelf(pool) == {"C1": 0, "D1": 0}
    for _ in range(2):
        await pharmacy.release(asked(referral_id))
    assert await on_shelf(pool) == {"C1": 1, "D1": 1}
    assert await actions(referral_id) == ["received", *["stock.reserved"] * 2, *["stock.released"] * 2]


async def test_without_the_second_medication_the_first_stays_on_the_shelf(
    pool: Pool, pharmacy: PostgresPharmacy, refer: Refer, actions: Actions
) -> None:
    await pharmacy.import_stock([lot("C1", 1, hcpcs="J0692")])
    referral_id = await refer(**TWO)
    assert await pharmacy.reserve(asked(referral_id)) == NONE
    assert await on_shelf(pool) == {"C1": 1}
    assert await actions(referral_id) == ["received"]


async def test_two_of_the_same_lot_are_both_given_back(pool: Pool, pharmacy: PostgresPharmacy, refer: Refer) -> None:
    await pharmacy.import_stock([lot("C1", 3, hcpcs="J0692")])
    referral_id = await refer(**{"order.medications": [TWO["order.medications"][0]] * 2})
    assert (await pharmacy.reserve(asked(referral_id))).lots == ("C1", "C1")
    assert await on_shelf(pool) == {"C1": 1}
    await pharmacy.release(asked(referral_id))
    assert await on_shelf(pool) == {"C1": 3}


async def test_what_was_not_there_may_come_later_under_the_same_key(
    pharmacy: PostgresPharmacy, referral_id: str
) -> None:
    await pharmacy.import_stock([lot("OTHER", 5, hcpcs="J1756")])
    assert await pharmacy.reserve(asked(referral_id)) == NONE
    await pharmacy.import_stock([lot("L1", 1)])
    assert (await pharmacy.reserve(asked(referral_id))).available


async def test_an_order_without_a_code_finds_nothing_and_an_unknown_referral_is_impossible(
    pharmacy: PostgresPharmacy, refer: Refer
) -> None:
    assert await pharmacy.reserve(asked(await refer(**{"order.drug.hcpcs": None}))) == NONE
    with pytest.raises(Impossible, match="unknown_referral"):
        await pharmacy.reserve(asked(new_id()))


async def test_an_import_sets_what_lies_on_the_shelf(pool: Pool, pharmacy: PostgresPharmacy) -> None:
    await pharmacy.import_stock([lot("L1", 3), lot("L2", 3)])
    assert await pharmacy.import_stock([lot("L1", 8), lot("L2", 3)]) == ImportReport(changed=1, unchanged=1)
    report = await pharmacy.import_stock([lot("L1", -1), lot("L3", 1)])
    assert [problem.line for problem in report.problems] == [1]
    assert await on_shelf(pool) == {"L1": 8, "L2": 3}
