"""What `doctor` reports, line by line."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One line of the report. `fix` is empty when all is well."""

    subject: str
    said: str
    fix: str = ""

    @property
    def well(self) -> bool:
        return not self.fix
