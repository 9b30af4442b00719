"""Which pages there are, for whom, and which is the first of a role."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from firstdose.domain.work.permissions import WORKING
from firstdose.domain.work.role import Role


class Destination(NamedTuple):
    address: str
    title: str
    roles: tuple[Role, ...]


DESTINATIONS: Final = (
    Destination("/work", "Work", tuple(sorted(WORKING))),
    Destination("/visits", "Visits", (Role.NURSE,)),
    Destination("/payers", "Payers", (Role.REIMBURSEMENT_SPECIALIST, Role.SUPERVISOR, Role.AUDITOR)),
    Destination("/audit", "Audit", (Role.AUDITOR,)),
)
"""In the order of the navigation. A new page adds itself here."""
_FIRST: Final = {Role.NURSE: "/visits", Role.AUDITOR: "/audit"}


def destinations(roles: Iterable[Role]) -> tuple[Destination, ...]:
    held = frozenset(roles)
    return tuple(each for each in DESTINATIONS if held & set(each.roles))


def first_page(roles: Iterable[Role]) -> str:
    """Where somebody begins: the first page of the role that they have, or of the most working one."""
    held = frozenset(roles)
    if held <= _FIRST.keys() and held:
        return _FIRST[Role.NURSE if Role.NURSE in held else Role.AUDITOR]
    return "/work"
