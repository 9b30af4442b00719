"""What a payer said, as the person sees it who must decide: on the item, the case, the timeline, and whole."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.domain.authorization.answers import apply
from firstdose.domain.authorization.lines import Line, PayerAnswer
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.policy import Policy
from firstdose.domain.work.journal import Batch, ReferralSnapshot
from firstdose.domain.work.role import Role
from firstdose.payer_ports import RefusedRequest, UnclearAnswer
from firstdose.ports import AuthorizationRequest, EffectRequest
from tests.contract.cases import US, case, endpoint, lines, referral
from tests.contract.memory import MemoryControlNumbers, MemoryFiles, MemorySubscriptions
from tests.served_desk import ServedDesk, served_desk, settings_for
from tests.unit import x12_review
from tests.unit.test_x12_channel import Clearinghouse
from tests.unit.test_x12_eligibility import PERSON
from tests.unit.x12_review import DATES, TRACE, event, service
from tests.unit.x12_wire import interchange

KEY = "01234567-89ab-cdef-0123-456789abcdef"
"""The contact whose trace number the answers of `x12_review` repeat."""
PLAN = Plan(payer="northstar", eligibility=Channel.X12, authorization=Channel.X12)
HMO = ("EB*R**30*HN", "LS*2120", "NM1*PRP*2*SUNNY HMO*****PI*H9999", "LE*2120")
EXCHANGED = ["HL*6*5*SS*0", f"TRN*2*{TRACE}-1*9", "HCR*A6*N1", DATES, "MSG*USE THE OTHER CODE", "SV1*HC:J3373**UN*21"]
OTHERS = (service(2, "HCR*A1*N2", DATES), service(3, "HCR*A1*N3", DATES))


@dataclass
class Pharmacy:
    """The served desk, and a worker's side that speaks X12 with a payer who says what the test lets it say."""

    served: ServedDesk
    referral_id: str

    def office(self, answer: bytes) -> PayerGatewayService:
        return PayerGatewayService(
            MemoryFiles(CaseFile(referral(), endpoint(), PLAN)),
            self.served.desk.contacts,
            MemorySubscriptions(),
            {Channel.X12: X12Channel(Clearinghouse(answer), US, MemoryControlNumbers())},
            public_url="http://127.0.0.1:1",
            subscription_secret=lambda _: "",
            clock=lambda: datetime.now(UTC),
        )

    async def verifies(self, *said: str) -> None:
        answer = interchange("271", ["BHT*0022*11*T*20261121*1201", *PERSON, *said])
        await self.office(answer).verify_benefits(EffectRequest(referral_id=self.referral_id, key=KEY))

    async def submits(self, *parts: Sequence[str], people: Sequence[str] = x12_review.PEOPLE) -> PayerAnswer:
        """The lines stand as the workflow would make them of the answer."""
        asked = AuthorizationRequest(referral_id=self.referral_id, key=KEY, lines=lines())
        answer = interchange("278", x12_review.body(*parts, people=people))
        submission = await self.office(answer).submit(asked)
        carried = tuple(line.model_copy(update={"contact": KEY, "state": "submitted"}) for line in lines())
        await self._stand(apply(carried, submission.answer, contact=KEY))
        return submission.answer

    async def _stand(self, now: tuple[Line, ...]) -> None:
        desk = self.served.desk
        outbox = Outbox(desk.vault, desk.audit)
        records = PostgresRecords(desk.pool, desk.vault, desk.audit, outbox, desk.staff, desk.payers, Policy())
        await records.record(Batch(referral_id=self.referral_id, entries=(), standing=ReferralSnapshot(lines=now)))

    async def item(self, kind: str, **asks: Any) -> Any:
        """As the one sees it whose work it is."""
        item = f"{self.referral_id}-{uuid4()}"
        await self.served.desk.pool.execute(
            "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at, asks) "
            "VALUES ($1, $2, $3, 'reimbursement_specialist', now(), now(), $4)",
            item,
            self.referral_id,
            kind,
            asks,
        )
        return await self.get(f"/api/work-items/{item}")

    async def get(self, path: str, role: Role = Role.REIMBURSEMENT_SPECIALIST) -> Any:
        async with self.served.as_staff(role) as staff:
            answer = await staff.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def timeline(self, role: Role = Role.REIMBURSEMENT_SPECIALIST) -> dict[str, Any]:
        """What happened last, by what it was."""
        entries = await self.get(f"/api/referrals/{self.referral_id}/timeline", role)
        return {entry["what"]: entry["details"] for entry in entries}


@pytest.fixture
async def pharmacy(dsn: str, tmp_path: Path) -> AsyncIterator[Pharmacy]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        known = referral().model_dump(mode="json", include={"patient", "coverages", "order"}, exclude_none=True)
        pharmacy = Pharmacy(served, await served.refer(**known))
        await pharmacy.item("verify_benefits")  # so that a specialist has a part in it
        yield pharmacy


def told(remarks: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (one,) = [remark for remark in remarks if remark["kind"] == kind]
    return one


async def test_an_exchanged_service_is_understood_where_it_is_decided(pharmacy: Pharmacy) -> None:
    await pharmacy.submits(event(), EXCHANGED, *OTHERS)
    item = await pharmacy.item("review_decision", contacts=[KEY], lines=[{"sequence": 1}])
    said = item["shown"]["remarks"]
    other = told(said, "exchanged")
    assert other["meaning"] == "another service is authorized than was asked for"
    assert (other["about"], other["quantity"], other["line"], other["where"]) == (["J3373"], "21", 1, "SV101")
    assert (other["starts_on"], other["ends_on"], other["contact"]) == ("2026-11-24", "2027-02-22", KEY)
    assert told(said, "message")["text"] == "USE THE OTHER CODE"
    assert told(said, "action")["meaning"] == "the payer's action: approved otherwise than asked"
    assert {one["line"] for one in said} <= {1, None}, "nothing about the lines that are not in question"


async def test_the_whole_answer_stands_beside_our_reading(pharmacy: Pharmacy, pool: Pool) -> None:
    await pharmacy.submits(event(), EXCHANGED, *OTHERS)
    whole = await pharmacy.get(f"/api/payer-answers/{KEY}")
    assert (whole["referral_id"], whole["payer"], whole["purpose"]) == (
        pharmacy.referral_id,
        "northstar",
        "authorization",
    )
    (answer,) = whole["answers"]
    assert (answer["via"], answer["applied"], answer["problem"]) == ("response", True, None)
    assert [line["state"] for line in answer["lines"]] == ["modified", "approved", "approved"]
    first = whole["lines"][0]
    assert (first["state"], first["number"], first["units"]) == ("modified", "N1", lines()[0].units)
    assert (first["valid_from"], first["valid_to"]) == ("2026-11-24", "2027-02-22")
    assert told(answer["remarks"], "exchanged")["about"] == ["J3373"]
    read = await pool.fetch("SELECT chain, details FROM audit WHERE action = 'payer_answers_read'")
    assert [(row["chain"], row["details"]) for row in read] == [(pharmacy.referral_id, {"contact": KEY, "answers": 1})]


async def test_a_processing_error_says_why_and_what_to_do(pharmacy: Pharmacy) -> None:
    people = [*x12_review.PEOPLE[:2], "PER*IC*REVIEW DESK*TE*8005550100", *x12_review.PEOPLE[2:]]
    await pharmacy.submits(event("AAA*Y**33*C"), people=people)
    said = (await pharmacy.item("review_decision", contacts=[KEY]))["shown"]["remarks"]
    error, whom = told(said, "rejected"), told(said, "contact")
    assert (error["code"], error["follow_up"], error["where"]) == ("33", "C", "AAA03")
    assert error["meaning"] == (
        "the payer did not process this: something in the request is wrong; correct it and send it again"
    )
    assert (whom["text"], whom["number"]) == ("REVIEW DESK", "8005550100")


async def test_a_refusal_says_why_and_leaves_what_was_understood_before_in_sight(pharmacy: Pharmacy) -> None:
    await pharmacy.submits(event(), EXCHANGED, *OTHERS)
    rejected = interchange("999", ["AK1*HS*1*005010X215", "IK3*TRN*9*2000*8", "IK5*R*5", "AK9*R*1*1*0"])
    contact = await pharmacy.served.desk.contacts.find(KEY)
    assert contact
    with pytest.raises(RefusedRequest):
        async with pharmacy.office(rejected)._router.query(Channel.X12, contact, endpoint()) as payer:
            await payer.inquire(case(trace=TRACE))
    said = (await pharmacy.item("follow_up_payer", contacts=[KEY], problem="payer_refused_request"))["shown"]["remarks"]
    assert [(one["where"], one["code"]) for one in said if one["kind"] == "rejected"] == [
        ("IK304", "8"),
        ("IK502", "5"),
    ]
    assert told(said, "exchanged")["about"] == ["J3373"]


async def test_an_information_request_says_which_and_for_what(pharmacy: Pharmacy) -> None:
    pended = service(1, "HCR*A4", "HI*LOI:18842-5", "PWK*77*FX***AC*ACN-5*NOTES OF THE LAST VISIT")
    await pharmacy.submits(event(), pended, *OTHERS)
    asks = {"contacts": [KEY], "lines": [{"sequence": 1}], "wanted": ["18842-5", "99999-9"]}
    item = await pharmacy.item("answer_information_request", **asks)
    assert item["shown"]["wanted"] == [
        {"code": "18842-5", "words": "discharge summary"},
        {"code": "99999-9", "words": None},
    ]
    by_code, by_kind = [one for one in item["shown"]["remarks"] if one["kind"] == "wanted"]
    assert by_code["meaning"] == "the payer wants to see this before it decides: discharge summary"
    assert (by_kind["text"], by_kind["where"], by_kind["line"]) == ("NOTES OF THE LAST VISIT", "PWK07", 1)
    (answer,) = (await pharmacy.get(f"/api/payer-answers/{KEY}"))["answers"]
    assert (answer["information"]["wanted"], answer["information"]["control_number"]) == (["18842-5"], "ACN-5")
    assert answer["wanted"] == [{"code": "18842-5", "words": "discharge summary"}]
    assert answer["information"]["lines"] == [1]


@pytest.mark.parametrize(
    ("said", "problem", "kind", "meaning", "words"),
    [
        (("EB*1**30", "EB*I**42", "MSG*CLINIC ONLY"), "service_not_covered", "not_covered", "not covered", "CLINIC"),
        (("EB*1**30", *HMO), "another_payer_named", "another_payer", "another payer pays, or pays first", "SUNNY HMO"),
        (
            ("AAA*N**43*C",),
            "eligibility_not_told",
            "rejected",
            "the payer did not process this: our provider number is missing or wrong; correct it and send it again",
            "43",
        ),
    ],
    ids=["EB*I", "EB*R", "AAA 43"],
)  # fmt: skip
async def test_what_only_a_person_can_judge_is_told_in_the_payers_words(
    pharmacy: Pharmacy, pool: Pool, said: tuple[str, ...], problem: str, kind: str, meaning: str, words: str
) -> None:
    with pytest.raises(UnclearAnswer, match=problem):
        await pharmacy.verifies(*said)
    for asks in ({"contacts": [KEY]}, {}):  # an item from before contacts were named finds it by its problem
        item = await pharmacy.item("verify_benefits", problem=problem, **asks)
        assert told(item["shown"]["remarks"], kind)["meaning"] == meaning
        assert words in str(item["shown"]["remarks"])
    happened = await pharmacy.timeline()
    assert happened["payer.unclear"]["problem"] == problem
    assert words in str(happened["payer.unclear"]["remarks"])
    assert happened["payer_contact.unclear"]["problem"] == problem
    (answer,) = (await pharmacy.get(f"/api/payer-answers/{KEY}"))["answers"]
    assert (answer["problem"], answer["benefits"]) == (problem, None)
    view = await pharmacy.get(f"/api/referrals/{pharmacy.referral_id}")
    assert told(view["remarks"], kind)["meaning"] == meaning
    assert await pool.fetchval("SELECT count(*) FROM payer_unreadable") == 0


async def test_benefits_that_were_understood_are_kept_with_their_limits(pharmacy: Pharmacy) -> None:
    await pharmacy.verifies("EB*1**30**GOLD PLAN", "EB*B**30***27*25", "EB*F**42***29***VS*20")
    (answer,) = (await pharmacy.get(f"/api/payer-answers/{KEY}"))["answers"]
    assert (answer["benefits"]["status"], answer["benefits"]["copay"], answer["problem"]) == ("active", "25", None)
    item = await pharmacy.item("review_benefits")
    limit = told(item["shown"]["remarks"], "limit")
    assert (limit["quantity"], limit["unit"], limit["meaning"]) == ("20", "VS", "the benefit is limited")
    assert (await pharmacy.timeline())["payer.answered"]["benefits"]["copay"] == "25"


async def test_who_may_not_read_the_facts_reads_no_words_of_payers(pharmacy: Pharmacy, pool: Pool) -> None:
    with pytest.raises(UnclearAnswer):
        await pharmacy.verifies("EB*1**30", *HMO)
    async with pharmacy.served.as_staff(Role.AUDITOR) as auditor:
        assert (await auditor.get(f"/api/payer-answers/{KEY}")).status_code == 403
        for path in ("", "/timeline"):
            answer = await auditor.get(f"/api/referrals/{pharmacy.referral_id}{path}")
            assert (answer.status_code, "SUNNY" in answer.text) == (200, False)
    assert "remarks" not in (await pharmacy.timeline(Role.AUDITOR))["payer.unclear"]
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'payer_answers_read'") == 0


async def test_that_somebody_saw_the_words_on_an_item_is_audited(pharmacy: Pharmacy, pool: Pool) -> None:
    await pharmacy.submits(event(), EXCHANGED, *OTHERS)
    item = await pharmacy.item("review_decision", contacts=[KEY])
    seen = await pool.fetch("SELECT chain, details FROM audit WHERE action = 'item_facts_read'")
    assert [(row["chain"], row["details"]) for row in seen] == [(pharmacy.referral_id, {"item": item["id"]})]


async def test_what_nobody_asked_or_was_shredded_is_not_there(pharmacy: Pharmacy) -> None:
    await pharmacy.submits(event(), EXCHANGED, *OTHERS)
    async with transaction(pharmacy.served.desk.pool) as connection:
        await pharmacy.served.desk.vault.shred(connection, pharmacy.referral_id)
    async with pharmacy.served.as_staff(Role.SUPERVISOR) as staff:
        for contact in (KEY, str(uuid4())):
            assert (await staff.get(f"/api/payer-answers/{contact}")).status_code == 404
        assert (await staff.get("/api/payer-answers/x")).status_code == 422
    item = await pharmacy.item("review_decision", contacts=[KEY, "people", str(uuid4())])
    assert item["shown"]["remarks"] == []
