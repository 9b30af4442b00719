"""Values of the right shape that can mean two things: whatever the format, a person is asked instead of a refusal."""

from pydantic_core import PydanticCustomError

AMBIGUOUS = "ambiguous"
"""The type of pydantic's error for such a value."""


def ambiguous(problem: str) -> PydanticCustomError:
    """The problem tells what can be meant, and not the value."""
    return PydanticCustomError(AMBIGUOUS, "{problem}", {"problem": problem})
