"""A referral with everything a case can show: facts, documents, lines, a payer's words, open work, a story."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.pool import transaction
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import Line, LineKind, LineState, PayerAnswer
from firstdose.domain.care.assessment import Assessment, Condition, Suitability
from firstdose.domain.care.therapy import Delivery, PreparedTherapy
from firstdose.domain.care.visit import Visit
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.domain.policy import Policy
from firstdose.domain.work.journal import Batch, Noted, Opened, ReferralSnapshot, Resolved, WaitingFor
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Stage
from firstdose.domain.work.work_item import WorkItem, WorkItemKind
from firstdose.payer_ports import Contact, ContactPurpose, ReceivedAnswer, Via
from tests.served_desk import ServedDesk
from tests.visits import ORDER, PATIENT
from workflows.authorization.state import AuthorizationState, PayerRequest
from workflows.mechanism.case import Case
from workflows.mechanism.control import Control
from workflows.mechanism.state import ReferralState
from workflows.messages import Hold

SCRIPT: Final = "<script>alert(1)</script>"
PNG: Final = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"
PDF: Final = b64encode(
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
).decode()
FACTS: Final[dict[str, Any]] = {
    "urgency": "urgent",
    "patient": PATIENT
    | {
        "birth_date": "1961-07-23",
        "sex": "female",
        "email": "ana@example.org",
        "language": "Spanish",
        "weighed_on": "2026-10-02",
        "history": f"Osteomyelitis of the left foot. {SCRIPT}",
        "caregiver": {"name": "Luis Hernandez", "phone": "6145550199", "relationship": "spouse"},
        "contact_allowed": True,
    },
    "source": {"organization": "Mercy Hospital", "contact_name": "Discharge desk", "phone": "6145550100"},
    "coverages": [
        {
            "payer": {"id": "summit", "name": "Summit Health"},
            "line_of_business": "medicare_advantage",
            "member_id": "SH12345",
            "group": "G-7",
        },
        {"order": "secondary", "payer": {"name": "Buckeye"}, "member_id": "B9", "relationship": "spouse"},
    ],
    "prescriber": {"npi": "1234567893", "name": "Dr. Rosalind Okafor", "phone": "6145550111", "fax": "6145550112"},
    "order": ORDER
    | {
        "diagnoses": ["M86.9", "E11.9"],
        "first_dose_given": False,
        "signed_on": "2026-11-01",
        "anaphylaxis_kit_ordered": True,
    },
    "documents": [
        {"kind": "clinical_note", "title": f"Wound photo {SCRIPT}", "content_type": "image/png", "data": PNG},
        {"kind": "signed_order", "content_type": "application/pdf", "data": PDF},
        {"kind": "lab_result", "content_type": "text/html", "data": b64encode(SCRIPT.encode()).decode()},
        {"kind": "other", "title": "At the hospital", "url": "https://mercy.example/doc/7"},
        {"kind": "insurance_card"},
    ],
}
ROSA: Final = Actor(id="rosa", roles=(Role.PHARMACIST,))


async def rich_case(desk: ServedDesk, **changes: Any) -> str:
    """The id of a referral before its first visit; on hold, with a payer who is late for one line."""
    now = datetime.now(UTC)
    discharge = (now + timedelta(days=2)).isoformat()
    referral_id = await desk.refer(**FACTS | {"discharge_at": discharge} | changes)
    contact = await _answered(desk, referral_id, now)
    await _recorded(desk, referral_id, contact, now)
    await _undelivered(desk, referral_id)
    return referral_id


async def _answered(desk: ServedDesk, referral_id: str, now: datetime) -> str:
    contact = Contact(
        id=new_id(),
        referral_id=referral_id,
        payer="summit",
        purpose=ContactPurpose.AUTHORIZATION,
        trace="T-4711",
        created_at=now - timedelta(days=4),
    )
    await desk.desk.contacts.begin(contact)
    said = PayerRemark(kind=RemarkKind.MESSAGE, where="MSG01", text=f"SEND THE NOTES {SCRIPT}", line=2)
    card = PayerRemark(kind=RemarkKind.CONTACT, where="PER", text="UTILIZATION DESK", number="8005550142")
    answer = PayerAnswer(remarks=(said, card), received_at=now - timedelta(days=3))
    received = ReceivedAnswer(answer=answer, raw=b"{}", named=Named(frozenset([contact.trace])))
    await desk.desk.contacts.keep_answer(contact.id, Via.RESPONSE, received)
    return contact.id


def _lines(contact: str) -> tuple[Line, ...]:
    drug = Line(
        sequence=1,
        kind=LineKind.DRUG,
        code="J0696",
        place_of_service="12",
        units=112,
        state=LineState.APPROVED,
        number="SUM-90210",
        valid_from=(datetime(2026, 11, 20, tzinfo=UTC)).date(),
        valid_to=(datetime(2026, 11, 30, tzinfo=UTC)).date(),
        authorized_units=80,
        contact=contact,
    )
    return (
        drug,
        Line(
            sequence=2,
            kind=LineKind.PER_DIEM,
            code="S9500",
            place_of_service="12",
            units=14,
            state=LineState.PENDED,
            contact=contact,
        ),
        Line(sequence=3, kind=LineKind.NURSING, code="99601", place_of_service="12", units=3),
    )


def _clock(now: datetime) -> Clock:
    return Clock(
        rule="Part B drug",
        version="1",
        citation="42 CFR 422.568(b)(3)",
        started_at=now - timedelta(days=4),
        due_at=now - timedelta(days=1),
    )


def _state(referral_id: str, contact: str, now: datetime) -> ReferralState:
    request = PayerRequest(contact, _clock(now), Channel.PAS)
    case = Case(
        referral_id,
        stage=Stage.PREPARATION,
        contact_attempts=2,
        next_attempt_at=now + timedelta(days=1),
        benefits=Benefits(
            status=CoverageStatus.ACTIVE, in_network=True, copay=Decimal("40"), deductible_remaining=Decimal("1250.5")
        ),
        verified_at=now - timedelta(days=5),
        assessment=Assessment(suitability=Suitability.CONDITIONS, conditions=(Condition.REFRIGERATOR,)),
        assessed_at=now - timedelta(days=2),
        therapy=PreparedTherapy(
            lot="LOT-77", beyond_use=now + timedelta(days=9), kit_present=True, delivery=Delivery.DELIVERED
        ),
        visit=Visit(visit_at=now + timedelta(days=3), nurse="rn-1"),
    )
    control = Control(hold=Hold(reason=HoldReason.PATIENT_AWAY, until=now + timedelta(days=1)))
    lines = AuthorizationState(lines=_lines(contact), requests={contact: request})
    return ReferralState(case=case, authorization=lines, control=control)


def _items(referral_id: str, now: datetime) -> tuple[WorkItem, ...]:
    def item(kind: WorkItemKind, due: int, **asks: Any) -> WorkItem:
        return WorkItem(
            id=f"{referral_id}-{kind}", kind=kind, asks=asks, opened_at=now, due_at=now + timedelta(hours=due)
        )

    return (
        item(WorkItemKind.ASSESS_PATIENT, -2, therapy="anti_infective", missing=["patient.weight_kg"]),
        item(WorkItemKind.FOLLOW_UP_PAYER, 5, problem="payer_late"),
        item(WorkItemKind.CONTACT_PATIENT, 20, attempt=3),
    )


async def _recorded(desk: ServedDesk, referral_id: str, contact: str, now: datetime) -> None:
    def noted(days: int, action: str, actor: Actor = ROSA, **details: Any) -> Noted:
        return Noted(key=f"{action}:{days}", at=now - timedelta(days=days), actor=actor, action=action, details=details)

    items = _items(referral_id, now)
    asked: dict[str, Any] = {
        "contact": contact,
        "payer": "summit",
        "channel": "pas",
        "plan_version": 1,
        "lines": [1, 2, 3],
    }
    clock = _clock(now).model_dump(mode="json", exclude={"answered_at"})
    entries = (
        noted(6, "referral.opened"),
        noted(5, "benefits.verified", status="active"),
        noted(4, "authorization.submitted", **asked, clock=clock, due=_clock(now).due_at),
        noted(3, "authorization.lines", by="payer", lines={"1": "approved", "2": "pended"}),
        *(Opened(key=f"o{each.id}", at=now, item=each) for each in items),
        Resolved(
            key="r1",
            at=now - timedelta(days=2),
            actor=ROSA,
            item_id=items[0].id,
            kind=WorkItemKind.ASSESS_PATIENT,
            resolution={"outcome": "suitable_with_conditions", "findings": "CANARY"},
        ),
        Opened(key="again", at=now, item=items[0].model_copy(update={"id": f"{items[0].id}-2"})),
        noted(1, "held", reason="patient_away", until=now + timedelta(days=1)),
    )
    state = _state(referral_id, contact, now)
    standing = ReferralSnapshot(
        stage=Stage.PREPARATION,
        lines=_lines(contact),
        waiting_for=(Role.PHARMACIST, WaitingFor.PAYER),
        on_hold=True,
        visit_at=state.case.visit.visit_at if state.case.visit else None,
        next_due=now - timedelta(hours=2),
    )
    app = desk.desk
    records = PostgresRecords(
        app.pool, app.vault, app.audit, Outbox(app.vault, app.audit), app.staff, app.payers, Policy()
    )
    still = (f"{items[0].id}-2", *(each.id for each in items[1:]))
    await records.record(
        Batch(
            referral_id=referral_id,
            entries=entries,
            standing=standing,
            number=1,
            open_items=still,
            state=state.to_json(),
        )
    )
    await app.pool.execute(
        "INSERT INTO teams VALUES ($1, 'pharmacist', 'rosa'), ($1, 'customer_service', 'sam') ON CONFLICT DO NOTHING",
        referral_id,
    )


async def _undelivered(desk: ServedDesk, referral_id: str) -> None:
    async with transaction(desk.desk.pool) as connection:
        await Outbox(desk.desk.vault, desk.desk.audit).put(
            connection,
            key=f"{referral_id}:told",
            referral_id=referral_id,
            channel="source",
            recipient="mercy",
            body={},
            at=datetime.now(UTC),
        )
    await desk.desk.pool.execute(
        "UPDATE outbox SET state = 'failed', last_problem = 'receiver_refused' WHERE referral_id = $1", referral_id
    )
