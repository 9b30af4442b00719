"""Names of facts: `patient.phones`, `coverages[0].member_id`. Reading them, writing by them."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

_PATH = re.compile(r"[a-z_]+(?:\.[a-z_]+|\[[0-9]{1,6}\])*")
_STEP = re.compile(r"([a-z_]+)|\[([0-9]+)\]")


def steps(path: str) -> list[str | int]:
    """`coverages[0].member_id` is `["coverages", 0, "member_id"]`. Raises LookupError when it is no path."""
    if not _PATH.fullmatch(path):
        raise LookupError("not the path of a fact")
    return [name or int(index) for name, index in _STEP.findall(path)]


def joined(loc: Iterable[str | int]) -> str:
    """The inverse of `steps`."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return "".join(parts).removeprefix(".")


def place(tree: dict[str, Any], path: str, value: object) -> None:
    """Put the value where the path says, making what is missing on the way; an index may at most append.

    Raises:
        LookupError: the path leads through something that has no such place.
    """
    way = steps(path)
    node: Any = tree
    for step, following in pairwise(way):
        _make_room(node, step)
        if node[step] is None:
            node[step] = [] if isinstance(following, int) else {}
        node = node[step]
    _make_room(node, way[-1])
    node[way[-1]] = value


def holds(tree: object, path: str) -> bool:
    """Whether the tree has a place of this name, be it empty."""
    node: Any = tree
    for step in steps(path):
        try:
            node = node[step]
        except (LookupError, TypeError):
            return False
    return True


def _make_room(node: Any, step: str | int) -> None:
    if isinstance(node, dict) and isinstance(step, str):
        node.setdefault(step, None)
    elif isinstance(node, list) and isinstance(step, int) and step <= len(node):
        if step == len(node):
            node.append(None)
    else:
        raise LookupError("the path leads nowhere")
