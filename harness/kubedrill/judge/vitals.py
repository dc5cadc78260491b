"""Judge: what generators and the prober say of themselves, a line a second."""

from collections.abc import Iterator, Sequence
from typing import Any

from kubedrill.record.clock import SECOND
from kubedrill.record.files import read_lines
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase

Line = dict[str, Any]


def read_vitals(folder: RunFolder, name: str) -> Iterator[Line]:
    """Yield the lines beside the samples of that name; `worker` says whose they are."""
    for line in read_lines(folder.samples / f"{name}.workers.jsonl"):
        yield {**line, "worker": name}


def received(lines: Sequence[Line], phase: Phase) -> int:
    """Return the bytes that came in a phase, TLS included; of loads and of the prober alike."""
    return sum(end["bytes_in"] - start["bytes_in"] for start, end in edges(lines, phase))


def cpu_s(lines: Sequence[Line], phase: Phase) -> float | None:
    """Return the CPU-seconds that the processes used in a phase; None if one has not said."""
    ends = list(edges(lines, phase))
    if not ends or not all("cpu_s" in start for start, _ in ends):
        return None
    return float(sum(end["cpu_s"] - start["cpu_s"] for start, end in ends))


def edges(lines: Sequence[Line], phase: Phase) -> Iterator[tuple[Line, Line]]:
    """Yield what each worker said where a phase begins, and where it ends."""
    for name in {one["worker"] for one in lines}:
        own = [one for one in lines if one["worker"] == name]
        yield _said_at(own, phase.start), _said_at(own, phase.end)


def _said_at(lines: list[Line], time: int) -> Line:
    """Return one worker's line nearest to `time`, they being a second apart; before its first, nothing."""
    early = [one for one in lines if one["time"] <= time + SECOND // 2]
    return early[-1] if early else {"counts": {}, "bytes_in": 0}
