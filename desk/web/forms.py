"""Forms: what was posted, and how a form is shown with what was typed and a problem beside each field."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from desk.http.problems import HttpProblem

_MOST_FIELDS: Final = 500
_OURS: Final = ("_csrf", "_form", "_page", "_kept", "_key")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class PostedForm:
    """`values` has each field once, with all that was given for it; `page` is the address it was shown at."""

    csrf: str = field(repr=False)
    name: str
    page: str
    kept: str
    key: str
    """Of this showing of the form: the same key again is the same act. Empty without one."""
    values: Values = field(repr=False)

    def one(self, name: str) -> str:
        """The text of a field without spaces around it; empty if nothing was given."""
        given = self.values.get(name, ())
        return given[0].strip() if given else ""

    def all(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())


@dataclass(frozen=True, kw_only=True)
class FormView:
    """A form to be shown. A problem under the empty name is about the form as a whole."""

    name: str
    values: Values = field(default_factory=dict, repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    kept: str = ""

    def value(self, name: str, otherwise: object = "") -> str:
        given = self.values.get(name)
        return given[0] if given else "" if name in self.values else str(otherwise)

    def has(self, name: str, value: object) -> bool:
        return str(value) in self.values.get(name, ())

    def problem(self, name: str) -> str | None:
        return self.problems.get(name)


async def read_form(request: Request) -> PostedForm:
    """Raises Problem 400 for a body that is no form."""
    try:
        form = await request.form(max_fields=_MOST_FIELDS, max_files=0)
    except (HTTPException, ValueError):
        raise HttpProblem(400, "the form cannot be read") from None
    values = {name: tuple(_texts(form, name)) for name in form}
    own = {name: (values.pop(name, ("",)) or ("",))[0] for name in _OURS}
    key = own["_key"] if _KEY.fullmatch(own["_key"]) else ""
    return PostedForm(
        csrf=own["_csrf"], name=own["_form"], page=own["_page"], kept=own["_kept"], key=key, values=values
    )


def problems_by_field(listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The first problem of each field, from `errors` of an API problem or of `desk.intake.problems`."""
    found: dict[str, str] = {}
    for each in listed:
        found.setdefault(each["path"], each["problem"])
    return found


def _texts(form: FormData, name: str) -> Iterable[str]:
    return [text for text in form.getlist(name) if not isinstance(text, UploadFile)]
