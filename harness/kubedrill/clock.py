"""The one clock of a drill: CLOCK_MONOTONIC in nanoseconds, the same in every process of a host."""

import time
from dataclasses import dataclass
from pathlib import Path

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
MICROSECOND = 1_000
FOREVER = 1 << 62
"""A time that does not come."""


now = time.monotonic_ns
"""Return CLOCK_MONOTONIC in ns. No function of its own: a request asks it several times."""


def wall_ahead() -> int:
    """Return the wall clock less the monotonic one, ns: it changes where the wall clock is stepped or slewed.

    Of some readings the one that took least, since others may have the core between the two clocks.
    """
    return min(_both() for _ in range(3))[1]


def _both() -> tuple[int, int]:
    before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
    return after - before, wall - before


@dataclass(frozen=True, slots=True)
class ClockPair:
    """One reading of both clocks, to show monotonic times as dates. `boot_id` says for which boot."""

    monotonic: int
    wall: int
    boot_id: str

    @classmethod
    def read(cls) -> "ClockPair":
        """Read both clocks now."""
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return cls(monotonic=time.monotonic_ns(), wall=time.time_ns(), boot_id=boot_id)

    def to_wall(self, monotonic: int) -> int:
        """Convert a monotonic time in ns to ns since 1970 (UTC)."""
        return self.wall + monotonic - self.monotonic
