"""Slots: who gets one, who pays for it, who is behind a proxy."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from desk.http.budgets import SIZES, Budget, Budgets, BudgetSlot, Full, Size, admit, long_wait
from desk.http.connections import idle_to_give_up
from desk.http.problems import HttpProblem
from firstdose.adapters.networks import peer_of


def small(**sizes: tuple[int, int]) -> Budgets:
    return Budgets({**SIZES, **{Budget(name): Size(*size) for name, size in sizes.items()}}, most_bytes=100)


async def end(budgets: Budgets, peer: str, held: Callable[[BudgetSlot], object] = lambda _: None) -> str:
    """Hold a slot with a body under way for a second, unless it is revoked."""
    with budgets.slot(peer) as slot:
        try:
            async with slot.revocable(1):
                held(slot)
                await asyncio.sleep(10)
        except TimeoutError:
            return "revoked" if slot.revoked else "kept"
    return "never"


async def test_the_peer_that_holds_most_pays_with_its_oldest() -> None:
    budgets = small(strangers=(4, 4))
    peers = ("a", "b", "b", "b", "c", "c")
    ends = list(await asyncio.gather(*(end(budgets, peer) for peer in peers)))
    assert ends == ["kept", "revoked", "revoked", "kept", "kept", "kept"]


async def test_the_peer_whose_bodies_fill_the_memory_pays() -> None:
    budgets = small(strangers=(4, 4))

    def keep(size: int) -> Callable[[BudgetSlot], object]:
        return lambda slot: budgets.grow(slot, size)

    ends = (end(budgets, "a", keep(20)), end(budgets, "b", keep(60)), end(budgets, "c", keep(30)))
    assert list(await asyncio.gather(*ends)) == ["kept", "revoked", "kept"]


async def test_who_has_sent_everything_is_kept_and_a_stranger_too_many_is_refused() -> None:
    budgets = small(strangers=(1, 1))
    with budgets.slot("a"), pytest.raises(Full):
        budgets.slot("b").__enter__()
    with budgets.slot("b"):
        pass


async def test_a_peer_gets_no_more_than_its_share_of_a_budget() -> None:
    budgets = small(staff=(3, 2))
    with ExitStack() as held:
        admitted = []
        for peer in ("a", "a", "a", "b", "c"):
            slot = held.enter_context(budgets.slot(peer))
            admitted.append(budgets.move(slot, Budget.STAFF))
        assert admitted == [True, True, False, True, False]


async def test_who_waits_leaves_the_place_to_others_and_comes_back() -> None:
    budgets = small(staff=(1, 1), waiting=(1, 1))
    with budgets.slot("a") as first:
        admit(Budget.STAFF)
        with long_wait() as has_room:
            assert has_room
            assert first.budget == "waiting"
            with budgets.slot("b"):
                admit(Budget.STAFF)
                with long_wait() as has_room_too:
                    assert not has_room_too
                with budgets.slot("c"), pytest.raises(HttpProblem):
                    admit(Budget.STAFF)
        assert first.budget == "staff"


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_a_peer_is_an_address_or_a_network(host: str, peer: str) -> None:
    assert peer_of(host) == peer


class Line:
    def __init__(self, peer: str, opened_at: float, *, is_idle: bool = True) -> None:
        self.peer, self.opened_at, self.is_idle = peer, opened_at, is_idle


def test_of_too_many_connections_the_oldest_idle_one_of_the_busiest_peer_ends() -> None:
    busy = [Line("a", at, is_idle=False) for at in range(5)]
    idle = [Line("b", 9), Line("c", 8), Line("c", 7)]
    assert idle_to_give_up([*busy, *idle]) is idle[2]
    assert idle_to_give_up(busy) is None
