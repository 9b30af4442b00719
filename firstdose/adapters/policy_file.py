"""The pharmacy's policy from its YAML file."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from firstdose.domain.policy import Policy


class UnfitPolicy(Exception):
    """The file cannot be used; the text names the place of every mistake."""


def read_policy(file: Path | None) -> Policy:
    """The policy in the file, or the built-in one. Raises UnfitPolicy, and OSError when the file cannot be read."""
    if file is None:
        return Policy()
    try:
        return Policy.model_validate(yaml.safe_load(file.read_bytes()) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise UnfitPolicy(f"{file}: not YAML{where}") from None
    except ValidationError as error:
        mistakes = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False))
        raise UnfitPolicy(f"{file}: {'; '.join(mistakes)}") from None
