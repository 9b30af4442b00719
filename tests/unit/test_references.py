"""Nothing in the project refers to a file, section, decision or name that is not in the project."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.project_files import REPO, name_of, written_files
from tests.references import (
    classes_in,
    dangling_decisions,
    dangling_files,
    dangling_folders,
    dangling_identifiers,
    dangling_links,
    dangling_names,
    dangling_protocols,
    dangling_sections,
    prose,
)

CHECKS = ("tests/references.py", "tests/unit/test_references.py")
FILES = [file for file in written_files() if name_of(file) not in CHECKS]
PAGES = [file for file in FILES if file.suffix == ".md"]
# FHIR's names and ours look alike there.
OF_FHIR = {"docs/intake.md"}
THIS = REPO / "README.md"


def test_every_file_that_is_named_is_there() -> None:
    found = {name_of(file): list(dangling_files(file, prose(file))) for file in FILES}
    assert len(found) > 300
    assert {file: names for file, names in found.items() if names} == {}


def test_every_folder_and_link_in_the_pages_is_there() -> None:
    found = {name_of(file): [*dangling_folders(prose(file)), *dangling_links(file, prose(file))] for file in PAGES}
    assert {file: names for file, names in found.items() if names} == {}


def test_every_section_and_decision_that_is_named_is_there() -> None:
    found = {name_of(file): [*dangling_sections(prose(file)), *dangling_decisions(prose(file))] for file in FILES}
    assert {file: names for file, names in found.items() if names} == {}


def test_every_class_and_function_in_the_pages_is_there() -> None:
    found = {name_of(file): list(dangling_names(prose(file))) for file in PAGES if name_of(file) not in OF_FHIR}
    assert {file: names for file, names in found.items() if names} == {}


def test_fhirs_names_are_not_renamed_with_ours() -> None:
    """`Coverage.order` of FHIR once became a track's."""
    page = (REPO / "docs/intake.md").read_text()
    assert [kind for kind in classes_in("workflows") if re.search(rf"\b{kind}\b", page)] == []


def test_every_protocol_that_a_class_implements_is_there() -> None:
    found = {name_of(file): list(dangling_protocols(prose(file))) for file in FILES if file.suffix == ".py"}
    assert {file: names for file, names in found.items() if names} == {}


def test_every_name_in_code_font_and_in_the_diagrams_is_there() -> None:
    found = {name_of(file): list(dangling_identifiers(prose(file))) for file in PAGES}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (lambda text: dangling_files(THIS, text), "as standards.md says"),
        (lambda text: dangling_files(THIS, text), "see `workflows/no_such.py`"),
        (lambda text: dangling_files(THIS, text), "see deploy/no_such.yaml"),
        (dangling_folders, "`desk/no_such`"),
        (dangling_folders, "`adapters/postgres/no_such/`"),
        (lambda text: dangling_links(THIS, text), "[x](docs/no_such.md)"),
        (lambda text: dangling_links(THIS, text), "[x](docs/process.md#no-such)"),
        (dangling_sections, "docs/process.md section 4"),
        (dangling_sections, 'docs/process.md, "No such heading"'),
        (dangling_decisions, "decision 9999"),
        (dangling_names, "`Control.no_such`"),
        (dangling_names, "`NoSuchClass.until`"),
        (dangling_names, "`no_such` in `workflows/referral.py`"),
        (dangling_protocols, "Implements ports.NoSuchProtocol."),
        (dangling_identifiers, "`NoSuchClass`"),
        (dangling_identifiers, "`no_such_function()`"),
        (dangling_identifiers, "`policy.no_such_key`"),
        (dangling_identifiers, "```mermaid\nA->>B: NoSuchClass takes it\n```"),
    ],
)
def test_the_checks_see_what_is_not_there(check: Callable[[str], Iterator[str]], text: str) -> None:
    assert list(check(text)) != []


def test_the_checks_let_pass_what_is_there() -> None:
    text = "`workflows/referral.py`, [x](docs/process.md#clocks), `Control.until`"
    text += ", `ReferralWorkflow` in `workflows/referral.py`"
    assert [*dangling_files(THIS, text), *dangling_links(THIS, text), *dangling_names(text)] == []
    assert list(dangling_protocols("Implements ports.Records.")) == []
    assert list(dangling_identifiers(f"{text}, `failing_activities`, `payer.give_up_after`")) == []
    assert list(dangling_sections('docs/process.md, "Clocks"')) == []
