"""What never changes how an HL7 v2 message is read: order of segments and repetitions, dead twins, old versions, Z."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.hl7v2_referral import PLAIN, read

HEADER, *_ = PLAIN
NAMES = (
    "Sample^Avery^^^^^L",
    "Born^Avery^^^^^M",
    "Alias^A^^^^^A",
    "Shown^Avery^^^^^D",
    "Was^Avery^^^^^L^^^^^^20191231",
    '""',
)
ADDRESSES = (
    "1 Example Street^^Chicago^IL^60601^^H",
    "9 Old Road^^Joliet^IL^60432^^BA",
    "9 Work Road^^Joliet^IL^60432^^O",
    "PO Box 1^^Joliet^IL^60432^^M",
    "9 Old Road^^Joliet^IL^60432^^H^^^^^^20100101^20191231",
)
PHONES = (
    "312-555-0117^PRN^PH",
    "312-555-0102^PRN^CP",
    "312-555-0103^BPN^BP",
    "312-555-0104^PRN^PH^^^^^^^^^^^20191231",
    "^NET^Internet^avery@example.org",
    "(000) 000-0000^PRN^PH",
)
WHOLE = (
    ("RF1||R||||R-1|20261201",),
    ("PRD|RP|Tester^Morgan|||312-555-0150^WPN^PH||77^LOCAL~1489012371^NPI", "CTD|1|Contact^Casey"),
    ("IN1|1||NORTHSTAR|Northstar||||G1|||||||commercial||SEL|||||1||||||||||||||NS1",),
    ("IN1|2||PRAIRIE|Prairie||||G2|||||||employer||SPO|||||2||||||||||||||PR1",),
    ("DG1|1||M86161^^I10C|||F|||||||||1",),
    ("DG1|2||R509^^I10C|||A|||||||||2",),
    ("AL1|1||^Penicillin||Hives",),
    ("AL1|2||^Latex",),
    ("OBX|1|NM|29463-7^Body weight^LN||70.5|kg|||||F|||20261119", "NTE|1||Weighed at home."),
    ("OBX|2|ST|therapy^^FIRSTDOSE||anti_infective||||||F",),
    ("OBX|3|ED|34117-2^Note^LN||^TEXT^PLAIN^Base64^Tm90ZS4=||||||F",),
    ("OBX|4|ED|18842-5^Summary^LN||^TEXT^PLAIN^Base64^U3VtLg==||||||F",),
    ("PV2|||||||||202611231600",),
)
ORDERS = (
    ("ORC|NW|P1|||||||20261119", "RXO|J3370^Vancomycin^HCPCS|1||g", "RXR|IV", "TQ1|1||Q8H|||42^d"),
    ("ORC|NW|P2|||||||20261119", "RXO|J0692^Cefepime^HCPCS|2||g", "RXR|IV", "TQ1|1||Q24H|||2^wk"),
)
DEAD = (
    ("PRD|RP|Gone^Doctor|||||1992999825^NPI|20100101|20191231", "CTD|1|Wrong^Contact"),
    ("PRD|PP|Family^Doctor|||312-555-0199^WPN^PH||1992999825^NPI",),
    ("IN1|1||OLD|Old Plan||||G0||||20200101|20251231||commercial||SEL|||||1||||||||||||||OLD1",),
    ("IN1|1||NEXT|Next Plan||||G0||||20270101|||commercial||SEL|||||1||||||||||||||NEXT1",),
    ("DG1|1||A419^^I10C|||F|||||||||1||||||D",),
    ("DG1|3|I9|73007^Osteomyelitis",),
    ("AL1|3||^NKDA",),
    ("IAM|1||^Sulfa||Rash|D",),
    ("OBX|9|NM|29463-7^Body weight^LN||170.5|kg|||||W|||20261120", "NTE|1||Typed wrong."),
    ("OBX|9|NM|29463-7^Body weight^LN||90|kg|||||F|||20260101",),
    ("OBX|9|NM|29463-7^Body weight^LN||80|kg|||||P|||20261120",),
    ("OBX|9|ST|therapy^^FIRSTDOSE||hydration||||||D",),
    ("OBX|9|ED|34117-2^Note^LN||^TEXT^PLAIN^Base64^V3Jvbmc=||||||W",),
    ("ORC|CA|P9", "RXO|J0690^Cefazolin^HCPCS|3||g", "RXR|IM", "TQ1|1||Q6H|||7^d", "NTE|1||Stopped."),
    ("ORC|NW|P8|||CM", "RXO|J0690^Cefazolin^HCPCS|3||g", "RXR|IM", "TQ1|1||Q6H|||7^d"),
    ("ORC|NW|P1|||||||20261101", "RXO|J0690^Cefazolin^HCPCS|3||g", "RXR|IM", "TQ1|1||Q6H|||7^d"),
    ("ZPD|1|anything", "ZZZ|RXO|J0690"),
    ("ZRX",),
)


def text(names: list[str], addresses: list[str], phones: list[str], blocks: list[tuple[str, ...]]) -> str:
    name, address, phone = ("~".join(told) for told in (names, addresses, phones))
    pid = f"PID|1||||{name}||19610417|F|||{address}||{phone}"
    return "\r".join([HEADER, pid, *(segment for block in blocks for segment in block)])


EXPECTED = read(text([NAMES[0]], [ADDRESSES[0]], [*PHONES[:2], PHONES[4]], [*WHOLE, *ORDERS]))


def any_order(whole: tuple[str, ...], *, of_them: int) -> st.SearchStrategy[list[str]]:
    """The first of them, with any of the others anywhere."""
    others = st.lists(st.sampled_from(whole[of_them:]), unique=True, max_size=3)
    return others.flatmap(lambda more: st.permutations([*whole[:of_them], *more]))


@st.composite
def blocks(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """The live ones in any order, but the two orders in theirs; dead ones anywhere; each order's parts in any order."""
    orders = [(one[0], *draw(st.permutations(one[1:]))) for one in ORDERS]
    dead = draw(st.lists(st.sampled_from(DEAD), max_size=4))
    mixed = list(draw(st.permutations([*WHOLE, *dead])))
    places = sorted(draw(st.integers(0, len(mixed))) for _ in orders)
    for place, order in reversed(list(zip(places, orders, strict=True))):
        mixed.insert(place, order)
    return mixed


PHONES_TOLD = (PHONES[0], PHONES[1], PHONES[4], PHONES[2], PHONES[3], PHONES[5])


@settings(max_examples=300, deadline=None)
@given(any_order(NAMES, of_them=1), any_order(ADDRESSES, of_them=1), any_order(PHONES_TOLD, of_them=3), blocks())
def test_only_what_counts_is_read(
    names: list[str], addresses: list[str], phones: list[str], told: list[tuple[str, ...]]
) -> None:
    assert read(text(names, addresses, phones, told)).model_dump() == EXPECTED.model_dump()


def test_what_is_expected_is_all_that_counts() -> None:
    assert [one.drug.hcpcs for one in EXPECTED.order.medications] == ["J3370", "J0692"]
    assert [one.payer.id for one in EXPECTED.coverages] == ["NORTHSTAR", "PRAIRIE"]
    assert EXPECTED.patient.phones == ("312-555-0102", "312-555-0117")
    assert EXPECTED.order.diagnoses == ("M86.161", "R50.9")
    assert EXPECTED.prescriber.contact_name == "Casey Contact"
    assert [one.path for one in EXPECTED.questions] == []
