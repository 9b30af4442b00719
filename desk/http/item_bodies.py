"""What is posted to put off or give away work items, one or several at once."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from desk.http.parameters import Moment

ItemId = Annotated[str, Path(pattern=r"^[!-~]{1,80}$")]


class Snooze(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    until: Moment


class Assign(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    assignee: str = Field(pattern=r"^[!-~]{1,200}$")
    """The subject of a person's token."""


class TakeSeveral(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    items: list[ItemId] = Field(min_length=1, max_length=200)


class AssignSeveral(Assign):
    items: list[ItemId] = Field(min_length=1, max_length=200)


class SnoozeSeveral(Snooze):
    items: list[ItemId] = Field(min_length=1, max_length=200)


class Handled(BaseModel):
    """What became of one of several items: done, or why not."""

    item: str
    done: bool
    problem: str | None = None
