"""What the API refuses, beside the inputs that it is about, in plain words."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from desk.web.item_forms.plain_words import in_plain_words

_FIELDS: Final = re.compile(r"(?P<fields>[a-z_.]+(\[[0-9]+\])?(, [a-z_.]+)*): (?P<why>.+)", re.DOTALL)
"""What a rule about several fields says: it starts with their names."""
Listed = Iterable[Mapping[str, str]]


def beside_inputs(names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> Callable[[Listed], dict[str, str]]:
    """For `errors` of an API problem: the first problem of each input. Under the empty name about the whole form."""

    def placed(listed: Listed) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in listed:
            path, why = each["path"], each["problem"]
            if not path and (told := _FIELDS.fullmatch(why)):
                path, why = _first_known(told["fields"].split(", "), names), told["why"]
            found.setdefault(_input(path, names), in_plain_words(why, names, zone, now))
        return found

    return placed


def _first_known(paths: list[str], names: Mapping[str, str]) -> str:
    return next((path for path in paths if path in names), "")


def _input(path: str, names: Mapping[str, str]) -> str:
    """That of the path itself, or of the part of the answer that it is in."""
    while path and path not in names:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return names.get(path, "")
