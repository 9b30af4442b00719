"""What the patient has signed for: other terms need another signature, or somebody's word that these still hold."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import Line
from firstdose.domain.payer.coverage import Benefits, Paying
from firstdose.domain.referral.versions import Change

_AMOUNTS = {"copay", "coinsurance_percent", "deductible_remaining", "out_of_pocket_remaining"}


def _units(line: Line) -> int:
    """What the payer authorized, where it said that."""
    return line.units if line.authorized_units is None else line.authorized_units


class AgreedTerms(BaseModel):
    """The payer, who pays, the amounts as the plan told them, and each line's code, place of service and units."""

    model_config = ConfigDict(frozen=True)

    payer: str
    paying: Paying
    amounts: dict[str, str] = {}
    lines: tuple[tuple[str, str, int], ...] = ()

    @staticmethod
    def of(payer: str, paying: Paying, benefits: Benefits | None, lines: Iterable[Line]) -> "AgreedTerms":
        told = benefits.model_dump(include=_AMOUNTS, exclude_none=True) if benefits else {}
        return AgreedTerms(
            payer=payer,
            paying=paying,
            amounts={name: str(amount) for name, amount in sorted(told.items())},
            lines=tuple((line.code, line.place_of_service, _units(line)) for line in lines),
        )

    def differences(self, now: "AgreedTerms") -> frozenset[Change]:
        changed = {
            Change.PAYER: self.payer != now.payer,
            Change.WHO_PAYS: self.paying is not now.paying,
            Change.AMOUNTS: self.amounts != now.amounts,
            Change.LINES: self.lines != now.lines,
        }
        return frozenset(change for change, differs in changed.items() if differs)
