"""Whether a person whom a payer describes is our patient, from every side."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.referral.identity import IdentityMatch, KnownPerson, Person, compare_person
from firstdose.domain.referral.person_name import PersonName
from firstdose.domain.referral.referral import Relationship
from tests.contract.cases import referral

SAME, OTHER, UNTOLD = IdentityMatch.SAME, IdentityMatch.OTHER, IdentityMatch.UNTOLD
SELF = KnownPerson(frozenset(["W123-45 6789"]), date(1961, 4, 17), PersonName("Sample", "Avery"), dependent=False)
CHILD = replace(SELF, dependent=True)
OURS, THEIRS = "W123456789", "W987654321"
BORN, BEFORE = "1961-04-17", "1959-09-02"


def told(
    number: str | None = None, born: str | None = None, family: str = "", given: str = "", *more: PersonName
) -> Person:
    return Person(
        member_ids=frozenset([number] if number else []),
        births=frozenset([born] if born else []),
        names=(PersonName(family, given), *more) if family or given else more,
    )


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (told(), UNTOLD),
        # a number of ours
        (told(OURS), SAME),
        (told(OURS, BORN), SAME),
        (told(OURS, BORN, "Other", "Person"), SAME),
        (told(OURS, None, "Sample", "Avery"), SAME),
        (told(OURS, None, "Other", "Avery"), SAME),
        (told(OURS, None, "Sample", "Blake"), SAME),
        (told(OURS, None, "Other", "Person"), OTHER),
        (told(OURS, BEFORE), OTHER),
        (told(OURS, BEFORE, "Sample", "Avery"), OTHER),
        # another's number
        (told(THEIRS), OTHER),
        (told(THEIRS, BORN), OTHER),
        (told(THEIRS, None, "Sample", "Avery"), OTHER),
        (told(THEIRS, BORN, "Sample", "Avery"), SAME),
        (told(THEIRS, BORN, "Sample"), SAME),
        (told(THEIRS, BORN, "", "Avery"), OTHER),
        (told(THEIRS, BORN, "Other", "Avery"), OTHER),
        (told(THEIRS, BORN, "Sample", "Blake"), OTHER),  # a twin
        (told(THEIRS, "1961-04", "Sample", "Avery"), OTHER),
        # no number
        (told(None, BORN), UNTOLD),
        (told(None, BEFORE), OTHER),
        (told(None, BEFORE, "Sample", "Avery"), OTHER),
        (told(None, BORN, "Sample", "Avery"), SAME),
        (told(None, BORN, "Sample", "Blake"), OTHER),
        (told(None, BORN, "Other", "Avery"), SAME),  # married
        (told(None, BORN, "Other"), OTHER),
        (told(None, None, "Other", "Avery"), OTHER),
        (told(None, None, "Sample", "Avery"), SAME),
        (told(None, None, "Sample"), SAME),
        (told(None, None, "", "Avery"), SAME),
        (told(None, None, "Sample", "Blake"), OTHER),
        (told(None, None, "", "Blake"), OTHER),
        (told(None, BORN, "", "Blake"), OTHER),
    ],
)
def test_number_birth_date_and_name(person: Person, expected: IdentityMatch) -> None:
    assert compare_person(person, SELF) is expected


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (told(OURS), SAME),
        (told(OURS, None, "Sample", "Avery"), SAME),
        (told(OURS, None, "Sample"), SAME),
        (told(OURS, None, "Sample", "Jordan"), OTHER),  # the subscriber, or a brother
        (told(OURS, BORN, "Sample", "Jordan"), SAME),
        (told(OURS, BEFORE, "Sample", "Jordan"), OTHER),
        (told(OURS, None, "Sample", "Baby Boy"), SAME),
        (told(OURS, None, "Sample", "BABYGIRL"), SAME),
        (told(OURS, None, "Sample", "Baby Jordan"), OTHER),
    ],
)
def test_a_number_may_be_a_whole_familys(person: Person, expected: IdentityMatch) -> None:
    assert compare_person(person, CHILD) is expected


@pytest.mark.parametrize(
    "number",
    [
        "W123456789",
        "w123456789",
        "W123-45-6789",
        " W 123 45 6789 ",
        "W123.456.789",
        "00W123456789",
        "\uff37\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
    ],
)
def test_a_number_is_ours_however_it_is_printed(number: str) -> None:
    assert compare_person(told(number), SELF) is SAME


@pytest.mark.parametrize("number", ["W123456780", "W12345678", "W1234567890", "123456789", "W123456789-01", "0"])
def test_a_number_that_differs_is_anothers(number: str) -> None:
    assert compare_person(told(number), SELF) is OTHER


def test_zeros_in_front_do_not_matter_on_our_side_either() -> None:
    padded = replace(SELF, member_ids=frozenset(["000123"]))
    assert compare_person(told("123"), padded) is SAME
    assert compare_person(told("1230"), padded) is OTHER
    assert compare_person(told("123"), replace(SELF, member_ids=frozenset(["000"]))) is OTHER


def test_a_number_without_a_letter_or_digit_is_none() -> None:
    assert compare_person(told(" - "), SELF) is UNTOLD
    assert compare_person(told("000"), replace(SELF, member_ids=frozenset(["--"]))) is UNTOLD


def test_a_number_of_which_it_is_not_said_whose_it_is_proves_only_that_it_is_ours() -> None:
    assert compare_person(Person(other_ids=frozenset([OURS])), SELF) is SAME
    assert compare_person(Person(other_ids=frozenset([THEIRS])), SELF) is UNTOLD
    assert compare_person(Person(frozenset([THEIRS]), frozenset([OURS])), SELF) is SAME


def test_of_several_numbers_one_of_ours_is_enough() -> None:
    assert compare_person(Person(frozenset([THEIRS, OURS])), SELF) is SAME
    assert compare_person(told(THEIRS), replace(SELF, member_ids=frozenset([OURS, THEIRS]))) is SAME


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (frozenset(["1961"]), UNTOLD),
        (frozenset(["1961-04"]), UNTOLD),
        (frozenset(["1962"]), OTHER),
        (frozenset(["1961-05"]), OTHER),
        (frozenset(["196"]), OTHER),
        (frozenset(["1961-04-1"]), OTHER),
        (frozenset(["unreadable"]), OTHER),
        (frozenset([BORN, BEFORE]), OTHER),
        (frozenset([BORN, "1961"]), UNTOLD),
    ],
)
def test_a_birth_date_that_is_told_in_part_or_twice(born: frozenset[str], expected: IdentityMatch) -> None:
    assert compare_person(Person(births=born), SELF) is expected


def test_what_we_do_not_know_contradicts_nothing() -> None:
    nobody = KnownPerson(frozenset(), None, PersonName(), dependent=False)
    assert compare_person(told(THEIRS, BEFORE, "Other", "Person"), nobody) is UNTOLD
    assert compare_person(told(THEIRS, BEFORE), replace(SELF, birth=None)) is OTHER
    assert compare_person(told(None, BEFORE), replace(SELF, birth=None)) is UNTOLD
    assert compare_person(told(THEIRS, BEFORE, "Sample", "Avery"), replace(SELF, birth=None)) is OTHER
    assert compare_person(told(THEIRS, BORN), replace(SELF, member_ids=frozenset())) is UNTOLD
    assert compare_person(told(None, None, "Other", "Person"), replace(SELF, name=PersonName())) is UNTOLD
    assert compare_person(told(None, None, "Other", "Avery"), replace(SELF, name=PersonName("", "Avery"))) is SAME


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (("SAMPLE", "AVERY"), ("Sample", "Avery")),
        (("Avery", "Sample"), ("Sample", "Avery")),
        (("Sample", "A"), ("Sample", "Avery")),
        (("Sample", "A."), ("Sample", "Avery")),
        (("Sample", "Avery Quinn"), ("Sample", "Avery")),
        (("Sample", "Quinn Avery"), ("Sample", "Avery")),
        (("Garcia", "Jose"), ("García López", "José")),
        (("GARCIA LOPEZ", "JOSE"), ("García-López", "José")),
        (("GARCIALOPEZ", "JOSE"), ("García-López", "José")),
        (("O'BRIEN", "SIOBHAN"), ("O\u2019Brien", "Siobhán")),
        (("OBRIEN", "SIOBHAN"), ("O'Brien", "Siobhán")),
        (("DE LA CRUZ", "ANA"), ("De la Cruz", "Ana María")),
        (("Kowalski", "Lukasz"), ("Kowalski", "Łukasz")),
        (("KOWALSKI", "UKASZ"), ("Kowalski", "Łukasz")),
        (("MUELLER", "JURGEN"), ("Müller", "Jürgen")),
        (("MULLER", "JUERGEN"), ("Müller", "Jürgen")),
        (("STRASSER", "SOEREN"), ("Straßer", "Søren")),
        (("Nguyen", "Thi Anh"), ("Nguyễn", "Thị Ánh")),
        (("Sample Avery", "Sample Avery"), ("Sample", "Avery")),
        (("Cafe\u0301", "Avery"), ("Café", "Avery")),
    ],
)
def test_one_name_in_two_spellings(theirs: tuple[str, str], ours: tuple[str, str]) -> None:
    known = replace(SELF, name=PersonName(*ours))
    assert compare_person(told(None, None, *theirs), known) is SAME
    assert compare_person(told(THEIRS, BORN, *theirs), known) is SAME


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (("Sampler", "Avery"), ("Sample", "Avery")),
        (("Sample", "Every"), ("Sample", "Avery")),
        (("Garcia", "Jose"), ("Lopez", "José")),
        (("Avery", "Blake"), ("Sample", "Avery")),
    ],
)
def test_two_names(theirs: tuple[str, str], ours: tuple[str, str]) -> None:
    assert compare_person(told(None, None, *theirs), replace(SELF, name=PersonName(*ours))) is OTHER


def test_names_that_cannot_be_compared_say_nothing() -> None:
    chinese = PersonName("\u674e", "\u660e")
    assert compare_person(told(None, None, "Li", "Ming"), replace(SELF, name=chinese)) is UNTOLD
    assert compare_person(Person(names=(chinese,)), SELF) is UNTOLD
    assert compare_person(told(None, None, " ", "-"), SELF) is UNTOLD


def test_of_several_names_one_is_enough() -> None:
    assert compare_person(told(None, BORN, "Other", "Person", PersonName("Sample", "Avery")), SELF) is SAME
    assert compare_person(told(None, BORN, "Other", "Person", PersonName("Another", "One")), SELF) is OTHER


def test_our_patient_is_known_by_every_plan() -> None:
    facts = referral("SIM-1")
    name = PersonName("Sample", "Avery")
    assert KnownPerson.of(facts) == KnownPerson(frozenset(["SIM-1"]), date(1961, 4, 17), name, dependent=True)
    (plan,) = facts.coverages
    own = plan.model_copy(update={"relationship": Relationship.SELF, "member_id": "OWN-2"})
    several = facts.model_copy(update={"coverages": (own, plan, own.model_copy(update={"member_id": None}))})
    assert KnownPerson.of(several).member_ids == {"SIM-1", "OWN-2"}
    assert KnownPerson.of(several).dependent
    alone = facts.model_copy(
        update={"coverages": (own,), "patient": facts.patient.model_copy(update={"given_name": None})}
    )
    assert not KnownPerson.of(alone).dependent
    assert KnownPerson.of(alone).name == PersonName("Sample", "")


NUMBERS = st.text("AB01-. ", max_size=6)
PEOPLE = st.builds(
    Person,
    member_ids=st.frozensets(NUMBERS, max_size=2),
    other_ids=st.frozensets(NUMBERS, max_size=2),
    births=st.frozensets(st.sampled_from([BORN, BEFORE, "1961", ""]), max_size=2),
    names=st.lists(st.builds(PersonName, st.text(max_size=8), st.text(max_size=8)), max_size=2).map(tuple),
)


@given(person=PEOPLE)
def test_any_description_is_judged(person: Person) -> None:
    assert compare_person(person, SELF) in IdentityMatch
    if person.births - {BORN, "1961"}:
        assert compare_person(person, SELF) is OTHER


@given(
    number=st.text("AB12", min_size=1, max_size=8),
    marks=st.lists(st.sampled_from("- ./"), max_size=8),
    zeros=st.integers(0, 3),
)
def test_marks_case_and_zeros_in_front_never_make_it_anothers(number: str, marks: list[str], zeros: int) -> None:
    known = replace(SELF, member_ids=frozenset([number]))
    printed = "0" * zeros + "".join(a + b for a, b in zip(number.lower(), [*marks, *[""] * len(number)], strict=False))
    assert compare_person(told(printed), known) is SAME
    assert compare_person(told(printed + "9"), known) is OTHER


@given(name=st.text(st.characters(categories=["L"]), min_size=1, max_size=12))
def test_a_name_is_its_own_in_any_case(name: str) -> None:
    known = replace(SELF, name=PersonName(name, name))
    for spelled in (name, name.upper(), name.casefold()):
        assert compare_person(told(None, None, spelled, spelled), known) is not OTHER
