"""Ports of the local stack: the one asked for, the remembered, the usual, any."""

import socket
from collections.abc import Iterator

import pytest

from local.ports import LOOPBACK, PortTakenError, choose_ports, free_port, is_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, free_port())) as server:
        yield server.getsockname()[1]


def test_a_listening_port_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_the_usual_port_gives_way_to_the_remembered_and_that_to_the_one_asked_for() -> None:
    usual, remembered, asked = free_port(), free_port(), free_port()
    assert choose_ports({"desk": usual}, asked={}, remembered={}) == {"desk": usual}
    assert choose_ports({"desk": usual}, asked={}, remembered={"desk": remembered}) == {"desk": remembered}
    assert choose_ports({"desk": usual}, asked={"desk": asked}, remembered={"desk": remembered}) == {"desk": asked}


def test_a_taken_port_is_replaced_unless_it_was_asked_for(taken_port: int) -> None:
    chosen = choose_ports({"desk": taken_port}, asked={}, remembered={"desk": taken_port})
    assert chosen["desk"] != taken_port
    with pytest.raises(PortTakenError, match=f"Port {taken_port} for desk is in use"):
        choose_ports({"desk": 8080}, asked={"desk": taken_port}, remembered={})


def test_no_two_parts_get_the_same_port() -> None:
    port = free_port()
    chosen = choose_ports({"desk": port, "payer": port, "postgres": None}, asked={}, remembered={"postgres": port})
    assert len(set(chosen.values())) == 3


def test_a_port_asked_for_by_a_later_part_is_left_to_it() -> None:
    port = free_port()
    chosen = choose_ports({"desk": port, "payer": None}, asked={"payer": port}, remembered={})
    assert chosen["payer"] == port
    assert chosen["desk"] != port
