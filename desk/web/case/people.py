"""People as a page names them: who did something, by the audit's label of an actor, and whom somebody waits for."""

from typing import Final

from desk.web.words import words
from firstdose.domain.work.role import ActorKind, Role

_ALONE: Final = {"source": "the referral source", "system": "the system"}
_BESIDE: Final = {ActorKind.PAYER: "payer", ActorKind.OPERATOR: "operator", ActorKind.SOURCE: "referral source"}


def who(label: str | None) -> str | None:
    """`staff:rosa` is `rosa`, `payer:summit` is `summit (payer)`; None where nobody is named."""
    if not label:
        return None
    kind, _, name = label.partition(":")
    if not name:
        return _ALONE.get(kind, kind)
    known = kind in set(ActorKind)
    beside = _BESIDE.get(ActorKind(kind)) if known else None
    if kind == ActorKind.SYSTEM:
        return _ALONE["system"]
    return f"{name} ({beside})" if beside else name if known else label


def whom_of(role: Role) -> str:
    """`the pharmacist`, `customer service`."""
    named = words(role).lower()
    return named if role is Role.CUSTOMER_SERVICE else f"the {named}"
