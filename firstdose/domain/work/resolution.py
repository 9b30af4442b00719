"""What every answer to a work item has."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

SEALED: Final = "x-sealed"
Note = Annotated[str | None, Field(max_length=4000, json_schema_extra={SEALED: True})]
Facts = Annotated[
    dict[str, Any] | None,
    Field(
        description='Facts of the referral by their path, e.g. {"patient.weight_kg": 70}',
        json_schema_extra={SEALED: True},
    ),
]


class Resolution(BaseModel):
    """An answer to a work item."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    note: Note = None
