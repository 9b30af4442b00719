"""Lines for which a payer wants to see something first: they wait for that, however the payer codes it."""

from typing import Final

from firstdose.domain.authorization.lines import InformationRequest, LineAnswer, LineState

_CONTRADICTORY: Final = "contradictory"


def awaiting_documents(lines: tuple[LineAnswer, ...], information: InformationRequest | None) -> tuple[LineAnswer, ...]:
    """With the lines that the request names pended; a decision stands."""
    if information is None:
        return lines
    return tuple(
        line.model_copy(update={"state": LineState.PENDED})
        if line.sequence in information.lines and is_undecided(line)
        else line
        for line in lines
    )


def is_undecided(line: LineAnswer) -> bool:
    """Whether the payer has not decided it: it waits, or has a code that we do not know."""
    unknown = line.state is LineState.NEEDS_REVIEW and line.reason_code != _CONTRADICTORY
    return line.state is LineState.PENDED or (unknown and line.number is None)
