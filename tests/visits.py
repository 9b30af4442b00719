"""Visits for tests of the pages: a nurse on the roster, an offer, and a visit to be reported."""

from typing import Any, Final

from firstdose.adapters.postgres.ids import new_id
from tests.served_desk import ServedDesk

OFFER: Final = "confirm_visit"
REPORT: Final = "report_visit"
PATIENT: Final[dict[str, Any]] = {
    "family_name": "Hernandez",
    "given_name": "Ana",
    "phones": ["6145550123"],
    "weight_kg": 70.5,
    "allergies": [{"substance": "penicillin", "reaction": "rash"}],
    "time_zone": "America/Denver",
    "address": {"line": ["1 Main St"], "city": "Columbus", "state": "OH", "postal_code": "43215"},
}
ORDER: Final[dict[str, Any]] = {
    "therapy": "anti_infective",
    "drug": {"name": "ceftriaxone"},
    "dose": "2 g",
    "route": "IV",
    "frequency": "q24h",
    "duration_days": 14,
    "access_device": "PICC",
    "requested_start": "2026-11-20",
}


async def nurse_on_roster(desk: ServedDesk, nurse: str, login: str | None) -> None:
    await desk.desk.pool.execute(
        "INSERT INTO nurses (id, skills, states, login) VALUES ($1, '{anti_infective}', '{OH}', $2)"
        " ON CONFLICT DO NOTHING",
        nurse,
        login,
    )


async def offered(desk: ServedDesk, nurse: str) -> str:
    """The work item of an offer; to a nurse whose login is not known, unless it was told before."""
    await nurse_on_roster(desk, nurse, None)
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    return await _item(desk, referral_id, OFFER, {"therapy": "anti_infective"}, offered_to=nurse)


async def to_report(desk: ServedDesk, nurse: str) -> str:
    """The work item of the report of a visit that is held."""
    await nurse_on_roster(desk, nurse, None)
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await desk.desk.pool.execute(
        "INSERT INTO visit_holds (key, referral_id, nurse, visit_at) VALUES ($1, $2, $3, '2026-11-20T16:00:00Z')",
        new_id(),
        referral_id,
        nurse,
    )
    asks = {"visit_at": "2026-11-20T16:00:00Z", "site": "home"}
    return await _item(desk, referral_id, REPORT, asks, offered_to=nurse)


async def _item(desk: ServedDesk, referral_id: str, kind: str, asks: dict[str, Any], *, offered_to: str) -> str:
    item = f"{referral_id}-{new_id()[-4:]}"
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, asks, offered_to, opened_at, due_at)"
        " VALUES ($1, $2, $3, 'nurse', $4, $5, now(), now() + interval '1 hour')",
        item,
        referral_id,
        kind,
        asks,
        offered_to,
    )
    return item
