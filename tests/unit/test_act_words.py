"""The audit in words: each act that the code writes has its words, and no words are about an act that nobody writes."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.web.act_words import ACTS, act_words, value_words

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
REPO = Path(__file__).parents[2]
WRITES = ("note", "write", "_write", "_store", "AuditRecord")
COMPOSED = {
    *(f"{register}_imported" for register in ("payers", "nurses", "stock")),
    *(f"{what}_{done}" for what in ("message", "delivery") for done in ("retried", "dropped")),
}


def written() -> set[str]:
    """Every act that stands as a text where a record of the audit is made; those put together from parts besides."""
    files = [file for package in ("firstdose", "workflows", "desk") for file in (REPO / package).rglob("*.py")]
    return {act for file in files for act in _acts_in(ast.parse(file.read_text()))} | COMPOSED


def _acts_in(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Call():
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in WRITES:
                    yield from _texts(*node.args)
                yield from _texts(*(each.value for each in node.keywords if each.arg == "action"))
            case ast.Assign(targets=[ast.Name(id="action") | ast.Name(id="BROKEN_GLASS")], value=value):
                yield from _texts(value)
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="action"), *_])], value=ast.Tuple(elts=[value, *_])):
                yield from _texts(value)


def _texts(*nodes: ast.expr) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.IfExp():
                yield from _texts(node.body, node.orelse)


NO_ACTS = {"", "\r\n", "_", "_imported", "difference"}
"""Texts of other calls of these names."""


def test_each_act_has_its_words() -> None:
    acts = {act for act in written() if " " not in act and act not in NO_ACTS}
    assert acts - set(ACTS) == set()


def test_there_are_no_words_for_what_nobody_writes() -> None:
    texts = "".join(
        file.read_text()
        for package in ("firstdose", "workflows", "desk")
        for file in (REPO / package).rglob("*.py")
        if file.name != "act_words.py"
    )
    assert [act for act in ACTS if f'"{act}"' not in texts and act not in COMPOSED] == []


def test_values_are_told_in_words_and_what_is_no_code_as_it_stands() -> None:
    told = value_words({"1": "approved", "2": "info_requested"}, ZONE, NOW)
    assert told == "1 Approved, 2 The payer has questions"
    assert value_words(["pharmacist", "rosa", 3, True, None], ZONE, NOW) == "Pharmacist, rosa, 3, yes, none"
    assert value_words("hospitalized", ZONE, NOW) == "In hospital"
    assert value_words("2026-03-02T15:00:00+00:00", ZONE, NOW) == "Mar 2, 9:00 AM CST"
    assert act_words("hold.begun") == "Hold begun"
