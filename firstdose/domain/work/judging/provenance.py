"""Where a fact comes from is the system's to say, never a person's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from firstdose.domain.work.judging.context import refuse

PROVENANCE: Final = frozenset({"by", "channel", "plan_version", "received_at", "verified_at"})
_SEALED: Final = "facts"
"""Named by paths of the referral, and judged by its own model."""


def refuse_provenance(answer: Mapping[str, Any]) -> None:
    """Raises Refused for a field of provenance at any depth."""
    for path in _found(answer, ""):
        refuse(path, "the system sets this field; leave it out")


def _found(answer: object, path: str) -> Iterator[str]:
    if isinstance(answer, Mapping):
        for name, value in answer.items():
            if name in PROVENANCE:
                yield f"{path}{name}"
            elif path or name != _SEALED:
                yield from _found(value, f"{path}{name}." if name.isidentifier() else path)
    elif isinstance(answer, list | tuple):
        for value in answer:
            yield from _found(value, path)
