"""The template engine: every text is escaped, an unknown name is an error, and the filters say times and codes."""

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from desk.web.act_words import act_words, value_words
from desk.web.fact_words import fact_words
from desk.web.times import clock_text, day_text, distance, time_element
from desk.web.words import code_text, plain_value, whom, words
from firstdose.domain.referral.order import TherapyKind

_TEMPLATES: Final = Path(__file__).with_name("templates")
STATIC: Final = Path(__file__).with_name("static")


@cache
def templates() -> Environment:
    """Filters: `at | moment(zone, now)`, `at | distance(now)`, `day | day`, `code | words`.

    `code` and `plain` show a name and a value of the audit; `iso_moment`, `iso_day` and `therapy` what an item asks.
    `whom` says who is waited for, `fact` which fact a path names; `act` and
    `in_words` are for records of the audit.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": time_element, "distance": distance, "day": day_text, "words": words}
    environment.filters |= {"code": code_text, "plain": plain_value}
    # What a work item asks is JSON.
    environment.filters["iso_moment"] = lambda at, *given: time_element(datetime.fromisoformat(at), *given)
    environment.filters["iso_day"] = lambda day: day_text(date.fromisoformat(day))
    environment.filters["therapy"] = lambda code: words(TherapyKind(code))
    environment.filters |= {"whom": whom, "fact": fact_words, "clock": clock_text}
    environment.filters |= {"act": act_words, "in_words": value_words}
    environment.globals["asset"] = asset_address
    return environment


@cache
def asset_address(name: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"/static/{name}?v={asset_version(name)}"


@cache
def asset_version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]
