"""Judge: what generators and the prober say of themselves, a line a second."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from kubedrill.clock import SECOND
from kubedrill.judge.silence import longest_gap
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, ascending, read_lines
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.vitals import Vitals

HOLE = allowed_hole(1.0)
"""Nanoseconds for which a process may say nothing of itself."""

Kind = TypeVar("Kind", bound=Vitals)
VitalsByName = Mapping[str, Sequence[Kind]]
"""By the name of their samples, the lines of each process."""


def read_vitals(folder: RunFolder, name: str, kind: type[Kind], may_be_cut: bool) -> list[Kind]:
    """Return the lines beside the samples of that name; BadEvidence if there are none."""
    path = folder.samples / f"{name}.workers.jsonl"
    lines = list(ascending(path, read_lines(path, kind, may_be_cut=may_be_cut)))
    if not lines and not may_be_cut:
        raise BadEvidence(path, None, "is empty: nobody knows how its process was doing")
    return lines


def silent(vitals: VitalsByName[Kind], phase: Phase) -> Iterator[str]:
    """Yield of whose process nobody knows for how long of a phase how it was doing, in words."""
    for name, lines in vitals.items():
        hole = longest_gap((line.time for line in lines), phase)
        if lines and hole > HOLE:
            yield f"samples/{name}.workers.jsonl has a hole of {hole / SECOND:.1f} s"


def received(vitals: VitalsByName[Kind], phase: Phase) -> int:
    """Return the bytes that came in a phase, TLS included; of loads and of the prober alike."""
    return sum(
        end.bytes_in - (start.bytes_in if start else 0) for start, end in edges(vitals, phase)
    )


def cpu_s(vitals: VitalsByName[Kind], phase: Phase) -> float | None:
    """Return the CPU-seconds that the processes used in a phase; None if one has not said."""
    used = 0.0
    for start, end in edges(vitals, phase):
        if start is None:
            return None
        used += end.cpu_s - start.cpu_s
    return used if vitals else None


def edges(vitals: VitalsByName[Kind], phase: Phase) -> Iterator[tuple[Kind | None, Kind]]:
    """Yield what each process said where a phase begins, None before its first line, and where it ends."""
    for lines in vitals.values():
        end = _said_at(lines, phase.end)
        if end is not None:
            yield _said_at(lines, phase.start), end


def _said_at(lines: Sequence[Kind], time: int) -> Kind | None:
    """Return one process's line nearest to `time`, they being a second apart; None before its first."""
    early = [line for line in lines if line.time <= time + SECOND // 2]
    return early[-1] if early else None
