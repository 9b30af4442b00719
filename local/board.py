"""The demo's referrals as the terminal shows them: a live table, or plain lines where there is no terminal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.stage import Closing, Stage
from simulator.scenario import Scenario
from simulator.staff_api import Row

Clock = Callable[[], float]
_ENDS = (Stage.ON_SERVICE, Stage.CLOSED)


@dataclass
class BoardRow:
    """One referral of the demo, from the moment in which it was sent (seconds of the clock)."""

    scenario: Scenario
    sent_at: float
    row: Row | None = None
    ended_at: float | None = None

    @property
    def stage(self) -> str:
        return self.row.stage if self.row else Stage.INTAKE

    @property
    def closing(self) -> str | None:
        """None while it goes on. On service nothing is closed: that is how a referral is completed."""
        if self.ended_at is None or self.row is None:
            return None
        return self.row.closing or Closing.COMPLETED

    @property
    def as_expected(self) -> bool:
        wanted = self.scenario.expect
        return wanted.closing in (None, self.closing) and wanted.stage in (None, self.stage)

    def learn(self, row: Row, now: float) -> bool:
        """Whether it has come further, or begun or ceased to wait for the payer."""
        before, self.row = _place(self.row), row
        if self.ended_at is None and row.stage in _ENDS:
            self.ended_at = now
        return _place(row) != before


class Board:
    """Shows the entries while the block runs."""

    def __init__(self, entries: Iterable[BoardRow], console: Console, clock: Clock = monotonic) -> None:
        self._entries = list(entries)
        self._console = console
        self._clock = clock
        self._live = Live(console=console, get_renderable=self.table) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def tell(self, entry: BoardRow) -> None:
        """There is news of this one: a line where no table shows it."""
        if self._live is None:
            time, name, stage, waiting = self._cells(entry)
            self._console.print(f"{time:>6}  {name:26}{stage:28}{waiting}".rstrip(), markup=False)

    def table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for name in ("TIME", "SCENARIO", "STAGE", "WAITING FOR"):
            table.add_column(name, justify="right" if name == "TIME" else "left", no_wrap=True)
        for entry in self._entries:
            table.add_row(*self._cells(entry), style=_style(entry))
        return table

    def _cells(self, entry: BoardRow) -> tuple[str, str, str, str]:
        stage = f"{entry.stage} ({entry.closing})" if entry.closing else entry.stage
        waiting = ", ".join(entry.row.waiting_for) if entry.row and entry.closing is None else ""
        time = minutes((entry.ended_at or self._clock()) - entry.sent_at)
        return time, entry.scenario.name, stage, waiting.replace("_", " ")


def _place(row: Row | None) -> tuple[object, ...]:
    return (row.stage, row.closing, WaitingFor.PAYER in row.waiting_for) if row else ()


def minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _style(entry: BoardRow) -> str:
    if entry.ended_at is None:
        return ""
    return "green" if entry.as_expected else "red"
