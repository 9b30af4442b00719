"""The payer's word line by line: one part of the form for each line that the item shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import ChoiceField, ChoiceOption, YesNoList, not_known, option
from desk.web.item_forms.fields import DayField, FormField, ValueField, WholeNumber
from desk.web.item_forms.place import FieldPlace, FormReading, joined
from desk.web.words import words
from firstdose.domain.authorization.lines import LineKind, LineState

LINES: Final = "lines"


@dataclass(frozen=True, kw_only=True)
class AskedLine:
    sequence: int
    legend: str
    says: ChoiceField


@dataclass(frozen=True, kw_only=True)
class PayerLines(FormField):
    """A list in the answer, with an entry for each line of which the payer said something."""

    shape = "lines"
    lines: tuple[AskedLine, ...]

    def read(self, reading: FormReading, place: FieldPlace) -> None:
        reading.names[place.path_of(self.key)] = place.named(self.key)
        spoken: list[dict[str, Any]] = []
        wrong = len(reading.problems)
        for line in self.lines:
            said: dict[str, Any] = {"sequence": line.sequence}
            path = f"{place.path_of(self.key)}[{len(spoken)}]"
            line.says.read(reading, FieldPlace(prefix=self.within(place.prefix, line), path=path, into=said))
            if len(said) > 1:
                spoken.append(said)
        if not spoken and len(reading.problems) == wrong:
            reading.problems[place.named(self.key)] = "Say for one line at least what the payer said."
        place.put(self.key, spoken)

    def within(self, prefix: str, line: AskedLine) -> str:
        """What the names of the line's inputs start with."""
        return f"{joined(prefix, self.key)}.{line.sequence}"

    def known_values(self, prefix: str) -> Iterator[tuple[str, str]]:
        for line in self.lines:
            yield from line.says.known_values(self.within(prefix, line))


def payer_lines(asked: AskedItem) -> PayerLines:
    lines = tuple(
        AskedLine(sequence=line["sequence"], legend=line_words(line), says=_what_is_said(line)) for line in asked.lines
    )
    return PayerLines(key=LINES, label="What the payer says", lines=lines)


def which_lines(asked: AskedItem, *, in_part: bool = False) -> tuple[YesNoList, ...]:
    """A Yes or No for each line; nothing where there is one line alone, which is meant then."""
    lines = [line for line in asked.lines if not in_part or _granted_in_part(line)]
    if len(asked.lines) < 2:
        return ()
    members = tuple((str(line["sequence"]), line_words(line)) for line in lines)
    return (YesNoList(key="sequences", label="For which lines?", members=members, least=1, gives=int),)


def line_words(line: Mapping[str, Any]) -> str:
    """`Line 1: Drug, J3370, 42 units asked for`."""
    parts = [words(LineKind(line["kind"])) if "kind" in line else "", line.get("code") or ""]
    if line.get("units") is not None:
        parts.append(f"{line['units']} units asked for")
    told = ", ".join(part for part in parts if part)
    return f"Line {line['sequence']}: {told}" if told else f"Line {line['sequence']}"


def _granted_in_part(line: Mapping[str, Any]) -> bool:
    return line.get("state") in (LineState.PARTIAL, LineState.MODIFIED) and line.get("authorized_units") != 0


def _what_is_said(line: Mapping[str, Any]) -> ChoiceField:
    code = ValueField(key="reason_code", label="The payer’s reason code", optional=True, longest=80)
    evidence = ValueField(key="number", label="The payer’s reference for it", optional=True, longest=80)
    options = (
        _granted(line, LineState.APPROVED, "Approved as asked for"),
        _granted(line, LineState.PARTIAL, "Approved in part: fewer units, or a shorter time"),
        _granted(line, LineState.MODIFIED, "Approved with changes"),
        option(LineState.DENIED, "Denied", code),
        option(LineState.PENDED, "Not decided yet"),
        option(LineState.NOT_REQUIRED, "Needs no authorization", evidence),
        option(LineState.NEEDS_REVIEW, "Something that needs a second look", code),
        not_known("Nothing about this line"),
    )
    return ChoiceField(key="state", label="The payer says", options=options)


def _granted(line: Mapping[str, Any], state: LineState, label: str) -> ChoiceOption:
    """Filled in with what the item shows as authorized; only a full approval is of all units that were asked for."""
    asked_for = line.get("units")
    units = asked_for if state is LineState.APPROVED else line.get("authorized_units")
    return option(
        state,
        label,
        ValueField(
            key="number",
            label="Authorization number",
            longest=80,
            known=line.get("number") or "",
            ask="An authorization has a number: enter it.",
        ),
        DayField(key="valid_from", label="Valid from", optional=True, known=line.get("valid_from") or ""),
        DayField(key="valid_to", label="Valid to, the last day", optional=True, known=line.get("valid_to") or ""),
        WholeNumber(
            key="units",
            label="Units authorized",
            least=1,
            optional=True,
            known="" if units is None else str(units),
            hint="" if asked_for is None else f"{asked_for} were asked for",
        ),
    )
