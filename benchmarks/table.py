"""What benchmarks print: medians of several rounds with their spread, side by side, as ratios."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measured:
    """One contestant's figure of each round; of none, if it is not installed."""

    name: str
    rounds: list[float]
    unit: str = ""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        if not self.rounds:
            return "not installed"
        low, high = min(self.rounds), max(self.rounds)
        return f"{_text(self.median)}{self.unit} ({_text(low)} to {_text(high)})"


def _text(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; without a peer, a figure that stands for itself."""

    what: str
    ours: Measured
    peer: Measured | None = None
    goal: str = ""

    @property
    def ratio(self) -> str:
        """Ours by the peer's."""
        if self.peer is None or not self.peer.rounds:
            return ""
        return f"{self.ours.median / self.peer.median:.2f}x"


@dataclass(slots=True)
class Rows:
    """Collects the comparisons of one run."""

    console: Console
    progress: Callable[[], None]
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Keep one comparison."""
        self.rows.append(row)

    def show(self) -> None:
        """Print all of them."""
        table = Table("what", "kubedrill", "peer", "ratio", "goal")
        for row in self.rows:
            peer = f"{row.peer.name}: {row.peer}" if row.peer else ""
            table.add_row(row.what, str(row.ours), peer, row.ratio, row.goal)
        self.console.print(table)
        self.console.print("Medians of the rounds, with the smallest and the largest.")
