"""The rows of the roster's file: who the nurses are, what they can do, and until when they are licensed where."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, model_validator

from firstdose.domain.referral.identifiers import State
from firstdose.domain.referral.order import TherapyKind

Area = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}$")]


def _several(given: Any) -> Any:
    """A cell of a CSV file holds several values, apart by blanks."""
    return tuple(given.split()) if isinstance(given, str) else given


def _by_state(given: Any) -> Any:
    """`IL:2027-04-30 IN:2026-12-31` in a cell of a CSV file."""
    if not isinstance(given, str):
        return given
    return dict(each.partition(":")[::2] for each in given.split())


class NurseRow(BaseModel):
    """One nurse of the file. `areas` are beginnings of ZIP codes, none for anywhere in the licensed states.

    `licenses` gives the last day of the license in each state. A state that only `states` names has no known end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    skills: Annotated[tuple[TherapyKind, ...], BeforeValidator(_several)]
    states: Annotated[tuple[State, ...], BeforeValidator(_several)] = ()
    licenses: Annotated[dict[State, date], BeforeValidator(_by_state)] = {}
    areas: Annotated[tuple[Area, ...], BeforeValidator(_several)] = ()
    active: bool = True
    position: int = 0
    """The order among equally busy nurses."""
    login: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    """The subject of this person's staff token: who may answer an offer. Without it the coordinator does."""

    @model_validator(mode="after")
    def _is_licensed(self) -> Self:
        if not (self.states or self.licenses):
            raise ValueError("licenses: a nurse is licensed in at least one state")
        return self

    @property
    def columns(self) -> dict[str, Any]:
        """As the table has them."""
        plain = self.model_dump(exclude={"licenses", "states"})
        expires = {state: day.isoformat() for state, day in self.licenses.items()}
        return {**plain, "states": tuple(dict.fromkeys((*self.states, *self.licenses))), "license_expires": expires}
