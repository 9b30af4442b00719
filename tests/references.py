"""References in the project's files, and what is wrong with them: files, sections, decisions, classes' members."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.project_files import REPO, name_of, written_files

FILE = re.compile(r"(?<![\w./{}$<>*~-])((?:[\w.-]+/)*[\w-]+\.(?:css|html|js|md|py|sh|sql|toml))(?![\w/*(-])")
DATA_FILE = re.compile(r"(?<![\w./{}$<>*:~-])((?:[\w.-]+/)+[\w.-]+\.(?:json|yaml|yml|svg|hl7))(?![\w/*(-])")
CODE = re.compile(r"`([^`\n]+)`")
FOLDER = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SECTION = re.compile(r"([\w./-]+\.md),\s+\"([^\"]+)\"")
NUMBERED = re.compile(r"[\w./-]+\.md,? (?:section|rule|chapter) \S+")
DECISION = re.compile(r"\bdecision (\d+)")
MEMBER = re.compile(r"(?<![\w./])([A-Z]\w*[a-z]\w*)\.(_?[a-z][a-z0-9_]*)\b(?!\.)")
MERMAID = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
OF_SEVERAL_WORDS = re.compile(r"\w_\w|[a-z0-9][A-Z]")
IMPLEMENTS = re.compile(r"[Ii]mplements (?:\w+\.)*?(\w+)\.([A-Z]\w+)")
FUNCTION_IN = re.compile(r"`(\w+)(?:\(\))?` in\s+\[?`([\w/]+\.py)`")


# Made on the machine: by `deploy/compose/make-secrets.sh`.
MADE = {"deploy/compose/secrets/firstdose_keys"}
# Names of others that a page names: of Temporal, uvicorn, PostgreSQL, mermaid.
OF_OTHERS = {"Priority", "fairness_key", "UpdateAccepted", "limit_concurrency", "pg_dumpall", "sequenceDiagram"}


@cache
def prose(file: Path) -> str:
    """What is said in a file: all of it, of Python the comments and docstrings."""
    text = file.read_text()
    return "\n".join(_said(text)) if file.suffix == ".py" else text


def _said(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def dangling_files(file: Path, text: str) -> Iterator[str]:
    """Files of ours that are named and not there, wherever in the project they may be."""
    for found in FILE.findall(text):
        if not _is_file(file, found):
            yield found
    for found in DATA_FILE.findall(text):
        if found.split("/")[0] in _top_level() and not _is_file(file, found):
            yield found


def dangling_folders(text: str) -> Iterator[str]:
    """In backticks: a folder, or a module without its suffix, as pages write them."""
    for found in CODE.findall(text):
        known = FOLDER.fullmatch(found) and "/" in found and found.split("/")[0] in _first_parts()
        if known and found not in MADE and not any(_exists(root / found.rstrip("/")) for root in _roots()):
            yield found


def dangling_links(file: Path, text: str) -> Iterator[str]:
    """Links within the project, with the heading that they lead to."""
    for link in LINK.findall(text):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = file if not path else file.parent / path
        if not target.exists() or (anchor and anchor not in _anchors(target.read_text())):
            yield link


def dangling_sections(text: str) -> Iterator[str]:
    """Sections by number (no page of ours has any), and by a heading that the page does not have."""
    if ".md" not in text:
        return
    yield from NUMBERED.findall(text)
    for page, heading in SECTION.findall(text):
        pages = [file for file in _files() if file.endswith(page)]
        if not any(heading in _headings((REPO / each).read_text()) for each in pages):
            yield f'{page}, "{heading}"'


def dangling_decisions(text: str) -> Iterator[str]:
    for number in DECISION.findall(text):
        if not list((REPO / "docs/decisions").glob(f"{int(number):04}-*.md")):
            yield f"decision {number}"


def dangling_names(text: str) -> Iterator[str]:
    """`Class.member` of no class of ours, and a function that the module named with it does not have."""
    for kind, member in MEMBER.findall(text):
        if member not in FILE_SUFFIXES and kind not in OF_OTHERS and member not in _members(kind):
            yield f"{kind}.{member}"
    for function, module in FUNCTION_IN.findall(text):
        defined = [name for file in _files() if file.endswith(module) for name in _defined(REPO / file)]
        if function not in defined:
            yield f"{function} in {module}"


def dangling_protocols(text: str) -> Iterator[str]:
    """`Implements module.Protocol` of a module that has no such class."""
    for module, protocol in IMPLEMENTS.findall(text):
        defined = [name for file in _files() if file.endswith(f"/{module}.py") for name in _defined(REPO / file)]
        if protocol not in defined:
            yield f"{module}.{protocol}"


def dangling_identifiers(text: str) -> Iterator[str]:
    """Names of several words, in backticks or in a diagram, that neither code nor data of ours has."""
    named = [code.removesuffix("()") for code in CODE.findall(text)]
    named = [name for name in named if NAME.fullmatch(name)]
    named += [name for diagram in MERMAID.findall(text) for name in NAME.findall(diagram)]
    for name in dict.fromkeys(named):
        *_, last = parts = name.split(".")
        several = [part for part in parts if OF_SEVERAL_WORDS.search(part)]
        if last not in FILE_SUFFIXES and not _identifiers().issuperset(several):
            yield name


FILE_SUFFIXES = {"css", "html", "js", "md", "py", "sql", "toml", "yaml", "json", "svg", "xml"}


def _is_file(file: Path, named: str) -> bool:
    return named in _endings() or (file.parent / named).is_file() or (REPO / named).is_file()


def _exists(path: Path) -> bool:
    return path.exists() or path.with_suffix(".py").exists()


def _headings(text: str) -> list[str]:
    return [heading.strip() for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]


def _anchors(text: str) -> set[str]:
    """As code hosts make them of headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _headings(text))
    return {heading.replace(" ", "-") for heading in plain}


@cache
def _files() -> tuple[str, ...]:
    return tuple(name_of(file) for file in written_files())


@cache
def _endings() -> frozenset[str]:
    """Every way to name a file by the end of its path."""
    split = [name.split("/") for name in _files()]
    return frozenset("/".join(parts[start:]) for parts in split for start in range(len(parts)))


@cache
def _top_level() -> frozenset[str]:
    return frozenset(entry.name for entry in REPO.iterdir() if entry.is_dir() and not entry.name.startswith("."))


@cache
def _roots() -> tuple[Path, ...]:
    return (REPO, REPO / "firstdose", REPO / "tests", REPO / "workflows")


@cache
def _first_parts() -> frozenset[str]:
    folders = {entry.name for root in _roots() for entry in root.iterdir() if entry.is_dir()}
    return frozenset(folders - {"__pycache__"})


@cache
def _identifiers() -> frozenset[str]:
    """Every word of the files that are no pages; of metrics also as Prometheus shows them."""
    texts = (REPO.joinpath(file).read_text() for file in _files() if not file.endswith(("md", "references.py")))
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    modules = {Path(file).stem for file in _files()}
    return frozenset(words | modules | OF_OTHERS | {f"{word}_total" for word in words})


@cache
def _classes() -> dict[str, tuple[set[str], set[str]]]:
    """Members and bases of every class, by its name."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for file in (file for file in written_files() if file.suffix == ".py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                members, bases = found.setdefault(node.name, (set(), set()))
                members.update(_names_in(node))
                bases.update(ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases)
    return found


def classes_in(folder: str) -> Iterator[str]:
    for file in _files():
        if file.startswith(f"{folder}/") and file.endswith(".py"):
            yield from (
                node.name for node in ast.walk(ast.parse((REPO / file).read_text())) if isinstance(node, ast.ClassDef)
            )


def _members(kind: str) -> set[str]:
    members, bases = _classes().get(kind, (set(), set()))
    return members.union(*(_members(base) for base in bases if base != kind))


def _names_in(node: ast.ClassDef) -> Iterator[str]:
    for each in ast.walk(node):
        match each:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                yield name


def _defined(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
