"""One process's part of a load: of every N arrivals one, and of every N objects, for N processes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kubedrill.reading.arrivals import Times


@dataclass(frozen=True, slots=True)
class Share:
    """Process `number` of `processes`, counted from 0."""

    number: int = 0
    processes: int = 1

    def of(self, blocks: Iterable[Times]) -> Iterator[Times]:
        """Yield this process's arrivals of all arrivals, which come in blocks."""
        seen = 0
        for block in blocks:
            yield block[(self.number - seen) % self.processes :: self.processes]
            seen += len(block)

    def part(self, total: int) -> int:
        """Return how many of `total` are this process's."""
        return -(-(total - self.number) // self.processes)

    def turn(self, count: int, total: int) -> tuple[int, int]:
        """Return (round, number) of this process's arrival `count`.

        Numbers below `total` come in turn, round after round; with a total of 0, ever new ones. No
        two processes have one in common, but those for which none is left: they come again to one of
        another process.
        """
        own = self.part(total) if total else count + 1
        if not own:
            return count + 1, self.number % total
        rounds, step = divmod(count, own)
        return rounds, self.number + step * self.processes
