"""The payer's desk where a payer says what only a person can judge: kept, sealed, and never another patient's."""

from datetime import UTC, datetime

import pytest

from firstdose.adapters.keyring.sealed_texts import SealedTexts
from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.domain.authorization.lines import Certification
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.domain.sealed_text import is_sealed_text, opened_texts
from firstdose.payer_ports import ForeignAnswer, UnclearAnswer
from firstdose.ports import AuthorizationRequest, EffectRequest
from tests.contract.cases import US, endpoint, lines, referral
from tests.contract.memory import MemoryContacts, MemoryControlNumbers, MemoryFiles, MemorySubscriptions
from tests.unit.test_x12_channel import Clearinghouse
from tests.unit.x12_wire import interchange

TEXTS = SealedTexts(bytes([1] * 32))
KEY = "01a22022-aaeb-728d-847d-44aaf410a800"
TRACE = KEY.replace("-", "")
PEOPLE = ("HL*1**20*1", "HL*2*1*21*1", "HL*3*2*22*1", "NM1*IL*1*SAMPLE*JORDAN****MI*SIMAPPROVED1", "HL*4*3*23*0")
HMO = ("EB*1**30", "EB*R**30*HN", "LS*2120", "NM1*PRP*2*SUNNY HMO*****PI*H9999 A", "LE*2120")


def desk(answer: bytes) -> tuple[PayerGatewayService, MemoryContacts]:
    contacts = MemoryContacts(referral(), TEXTS)
    plan = Plan(payer="northstar", eligibility=Channel.X12, authorization=Channel.X12)
    office = PayerGatewayService(
        MemoryFiles(CaseFile(referral(), endpoint(), plan, TEXTS)),
        contacts,
        MemorySubscriptions(),
        {Channel.X12: X12Channel(Clearinghouse(answer), US, MemoryControlNumbers())},
        public_url="http://127.0.0.1:1",
        subscription_secret=lambda _: "",
        clock=lambda: datetime.now(UTC),
    )
    return office, contacts


def benefits_of(born: str) -> bytes:
    person = ("NM1*03*1*SAMPLE*AVERY", f"DMG*D8*{born}*F")
    return interchange("271", ["BHT*0022*11*T*20261121*1201", *PEOPLE, f"TRN*2*{TRACE}*9", *person, *HMO])


async def test_another_payer_is_told_in_sealed_words_and_what_came_is_kept() -> None:
    office, contacts = desk(benefits_of("19610417"))
    with pytest.raises(UnclearAnswer) as unclear:
        await office.verify_benefits(EffectRequest(referral_id="r", key=KEY))
    assert unclear.value.problem == "another_payer_named"
    (other,) = [one for one in unclear.value.remarks if one.kind is RemarkKind.ANOTHER_PAYER]
    assert is_sealed_text(other.text)
    assert (opened_texts(other, TEXTS).text, opened_texts(other, TEXTS).number) == ("SUNNY HMO", "H9999 A")
    ((raw, kept),) = contacts.replies[KEY]
    assert (raw, kept.problem) == (benefits_of("19610417"), "another_payer_named")
    assert contacts.unreadable == {}, "it was read"


async def test_what_another_patients_payer_says_is_not_told() -> None:
    office, _ = desk(benefits_of("19610418"))
    with pytest.raises(ForeignAnswer):
        await office.verify_benefits(EffectRequest(referral_id="r", key=KEY))


async def test_a_cancellation_that_waits_is_told_in_sealed_words() -> None:
    event = ["HL*5*4*EV*0", "HCR*A4", "MSG*JANE ROE WILL CALL"]
    office, contacts = desk(interchange("278", ["BHT*0007*11*T", *PEOPLE, *event]))
    asked = AuthorizationRequest(referral_id="r", key=KEY, lines=lines())
    await office.submit(asked)
    cancel = asked.model_copy(
        update={"key": "cancel", "replaces": KEY, "lines": lines(certification=Certification.CANCEL)}
    )
    with pytest.raises(UnclearAnswer) as waiting:
        await office.void(cancel)
    assert waiting.value.problem == "cancellation_not_confirmed"
    said: list[PayerRemark] = [opened_texts(one, TEXTS) for one in waiting.value.remarks]
    assert "JANE ROE WILL CALL" in [one.text for one in said]
    assert not any("JANE" in (one.text or "") for one in waiting.value.remarks)
    assert [kept.problem for _, kept in contacts.replies["cancel"]] == ["cancellation_not_confirmed"]
