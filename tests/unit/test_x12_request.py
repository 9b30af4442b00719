"""What we send: the 270, the 278 request and its inquiry, complete and the same each time."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.x12.eligibility_270 import inquiry as eligibility_inquiry
from firstdose.adapters.payers.x12.envelope import REVIEW, InterchangeAddress, write_interchange
from firstdose.adapters.payers.x12.hierarchy import levels
from firstdose.adapters.payers.x12.request_278 import inquiry, submission
from firstdose.adapters.payers.x12.segments import Segment, read
from firstdose.domain.authorization.lines import Certification
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Relationship, Sex
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible
from tests.contract.cases import NOW, US, case, endpoint, lines, two_antibiotics

Write = Callable[[PayerCase, Requestor], list[Segment]]
TRACE = "0123456789abcdef0123456789abcdef"


def wire(body: list[Segment]) -> list[str]:
    """The segments between ST and SE as they go out."""
    raw = write_interchange(REVIEW, body, InterchangeAddress("US", "THEM"), 1, NOW).decode()
    return raw.split("~")[3:-4]


def changed(asked: PayerCase, **changes: object) -> PayerCase:
    return asked.model_copy(update={"referral": asked.referral.model_copy(update=changes)})


def test_a_270_asks_for_the_plan_and_for_every_code_of_the_dependent() -> None:
    assert wire(eligibility_inquiry(case(trace=TRACE), US)) == [
        f"BHT*0022*13*{TRACE}*20261121*1200",
        "HL*1**20*1",
        "NM1*PR*2*NORTHSTAR*****PI*NORTHSTAR",
        "HL*2*1*21*1",
        "NM1*1P*2*EXAMPLE HOME INFUSION*****XX*1234567893",
        "HL*3*2*22*1",
        "NM1*IL*1*SAMPLE*JORDAN****MI*SIMAPPROVED1",
        "DMG*D8*19590902",
        "HL*4*3*23*0",
        f"TRN*1*{TRACE}*9123456789",
        "NM1*03*1*SAMPLE*AVERY",
        "DMG*D8*19610417*F",
        "INS*N*01",
        "DTP*291*D8*20261124",
        "EQ*30",
        "EQ*42",
        "EQ**HC:J3370",
        "EQ**HC:S9501",
        "EQ**HC:99601",
    ]


@pytest.mark.parametrize(
    ("sex", "written"), [(Sex.MALE, "DMG*D8*19590902*M"), (Sex.FEMALE, "DMG*D8*19590902*F"), (None, "DMG*D8*19590902")]
)
def test_the_subscribers_gender_is_sent_where_it_is_known(sex: Sex | None, written: str) -> None:
    asked = case()
    plan = asked.referral.coverages[0]
    holder = plan.subscriber.model_copy(update={"sex": sex}) if plan.subscriber else None
    known = changed(asked, coverages=(plan.model_copy(update={"subscriber": holder}),))
    for told in (eligibility_inquiry(known, US), submission(known, US), inquiry(known, US)):
        assert [one for one in wire(told) if one.startswith("DMG")] == [written, "DMG*D8*19610417*F"]


def test_the_patients_own_plan_has_no_dependent() -> None:
    asked = case(endpoint(x12_payer="60054"), trace=TRACE)
    own = asked.referral.coverages[0].model_copy(update={"subscriber": None, "relationship": Relationship.SELF})
    told = wire(eligibility_inquiry(changed(asked, coverages=(own,)), US))
    assert told[2] == "NM1*PR*2*NORTHSTAR*****PI*60054"
    assert told[5:9] == [
        "HL*3*2*22*0",
        f"TRN*1*{TRACE}*9123456789",
        "NM1*IL*1*SAMPLE*AVERY****MI*SIMAPPROVED1",
        "DMG*D8*19610417*F",
    ]


def test_a_278_asks_for_each_line_as_a_service_of_one_event() -> None:
    assert wire(submission(case(trace=TRACE, expedited=True), US))[12:] == [
        "INS*N*01",
        "HL*5*4*EV*1",
        f"TRN*1*{TRACE}*9123456789",
        "UM*HS*I*42*12:B**U",
        "DTP*AAH*RD8*20261124-20270104",
        "DTP*096*D8*20261123",
        "HI*ABK:M86161*ABF:B9562",
        "NM1*DK*1*TESTER*MORGAN****XX*1234567893",
        "NM1*SJ*2*EXAMPLE HOME INFUSION*****XX*1234567893",
        "PRV*PE*PXC*3336H0001X",
        "HL*6*5*SS*0",
        f"TRN*1*{TRACE}-1*9123456789",
        "DTP*472*RD8*20261124-20270104",
        "SV1*HC:J3370**UN*42",
        "HSD*FL*42***7*42",
        "MSG*VANCOMYCIN 1 G IV EVERY 12 HOURS NDC 00000000010",
        "HL*7*5*SS*0",
        f"TRN*1*{TRACE}-2*9123456789",
        "DTP*472*RD8*20261124-20270104",
        "SV1*HC:S9501**UN*42",
        "HSD*DY*42***7*42",
        "HL*8*5*SS*0",
        f"TRN*1*{TRACE}-3*9123456789",
        "DTP*472*RD8*20261124-20270104",
        "SV1*HC:99601**UN*6",
        "HSD*VS*6***7*42",
    ]


def test_two_antibiotics_are_services_of_their_own() -> None:
    told = wire(submission(two_antibiotics(), US))
    services = [one for one in told if one.startswith(("SV1", "HSD", "MSG", "DTP*472"))]
    assert services == [
        "DTP*472*RD8*20261124-20261207",
        "SV1*HC:J0692**UN*168",
        "HSD*FL*168***7*14",
        "MSG*CEFEPIME 2 G IV EVERY 8 HOURS NDC 00000000020",
        "DTP*472*RD8*20261124-20261207",
        "SV1*HC:S9502**UN*14",
        "HSD*DY*14***7*14",
        "DTP*472*RD8*20261124-20270104",
        "SV1*HC:J0878**UN*21000",
        "HSD*FL*21000***7*42",
        "MSG*DAPTOMYCIN 500 MG IV DAILY",
        "DTP*472*RD8*20261124-20270104",
        "SV1*HC:S9500:SH**UN*42",
        "HSD*DY*42***7*42",
        "DTP*472*RD8*20261124-20270104",
        "SV1*HC:99601**UN*6",
        "HSD*VS*6***7*42",
    ]


@pytest.mark.parametrize("certification", list(Certification))
def test_the_certification_type_says_what_a_line_is_asked_for(certification: Certification) -> None:
    asked = case(lines=lines(certification=certification), previous_trace=TRACE)
    told = wire(submission(asked, US))
    assert {one.split("*")[2] for one in told if one.startswith("UM*")} == {certification.value}
    assert f"MSG*REPLACES REQUEST {TRACE.upper()}" in told


def test_a_line_that_was_authorized_names_the_number() -> None:
    numbered = tuple(line.model_copy(update={"number": "AUTH*77"}) for line in lines()[:1])
    assert "REF*BB*AUTH 77" in wire(submission(case(lines=numbered), US))
    assert "REF*BB*AUTH 77" in wire(inquiry(case(lines=numbered), US))


def test_an_inquiry_names_the_event_alone() -> None:
    told = wire(inquiry(case(trace=TRACE), US))
    assert told[0].startswith(f"BHT*0007*28*{TRACE}*")
    assert told[13:] == [
        "HL*5*4*EV*0",
        f"TRN*1*{TRACE}*9123456789",
        "UM*HS**42",
        "DTP*AAH*RD8*20261124-20270104",
        "DTP*096*D8*20261123",
        "NM1*SJ*2*EXAMPLE HOME INFUSION*****XX*1234567893",
    ]


def test_the_same_case_is_the_same_message() -> None:
    asked = case()
    assert submission(asked, US) == submission(asked, US)


def test_a_suite_is_another_place_with_its_modifier() -> None:
    told = wire(submission(case(lines=lines(site=Site.SUITE)), US))
    assert "SV1*HC:S9501:SS**UN*42" in told
    assert "UM*HS*I*42*49:B" in told


def test_a_service_says_only_what_its_event_does_not() -> None:
    drug, per_diem, nursing = lines(certification=Certification.APPEAL)
    first = nursing.model_copy(update={"certification": Certification.INITIAL})
    elsewhere = per_diem.model_copy(update={"place_of_service": "49"})
    told = wire(submission(case(lines=(drug, elsewhere, first), expedited=True), US))
    assert [one for one in told if one.startswith("UM*")] == ["UM*HS*2*42*12:B**U", "UM*HS***49:B", "UM*HS*I"]


@pytest.mark.parametrize(("write", "other"), [(eligibility_inquiry, "34"), (submission, "G8")])
def test_other_relatives_and_genders_have_the_codes_of_their_transaction(write: Write, other: str) -> None:
    asked = case()
    related = asked.referral.coverages[0].model_copy(update={"relationship": Relationship.OTHER})
    person = asked.referral.patient.model_copy(update={"sex": Sex.OTHER})
    told = wire(write(changed(asked, coverages=(related,), patient=person), US))
    assert f"INS*N*{other}" in told
    assert "DMG*D8*19610417" in told


def test_facts_that_are_not_there_are_left_out() -> None:
    asked = case()
    bare = asked.referral.order.model_copy(update={"requested_start": None, "diagnoses": (), "medications": ()})
    nobody = asked.referral.prescriber.model_copy(update={"name": None, "npi": None})
    told = wire(submission(changed(asked, order=bare, prescriber=nobody, discharge_at=None), US))
    assert not [one for one in told if one.startswith(("DTP", "HI", "NM1*DK"))]
    assert "HSD*VS*6" in told


def test_names_are_sent_in_basic_text() -> None:
    asked = case()
    named = asked.referral.patient.model_copy(update={"family_name": "Núñez*Ortiz~"})
    assert "NM1*QC*1*NUNEZ ORTIZ*AVERY" in wire(submission(changed(asked, patient=named), US))


def test_without_a_coverage_or_a_line_there_is_nothing_to_ask() -> None:
    for write in (submission, inquiry, eligibility_inquiry):
        with pytest.raises(Impossible):
            write(changed(case(), coverages=()), US)
    with pytest.raises(Impossible):
        submission(case(lines=()), US)


def test_the_levels_are_read_as_they_were_written() -> None:
    raw = write_interchange(
        REVIEW, submission(case(), US), InterchangeAddress("US", "THEM"), 1, NOW + timedelta(days=1)
    )
    found = levels(read(raw)[3:-3])
    assert [level.code for level in found] == ["20", "21", "22", "23", "EV", "SS", "SS", "SS"]
    assert {level.parent for level in found[5:]} == {found[4]}
