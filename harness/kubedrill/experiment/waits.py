"""Check faults that wait for a state: Chaos Toolkit plays one edge after the other, so others wait, too."""

from collections.abc import Iterator, Mapping

from kubedrill.experiment.settled import WantedFault
from kubedrill.reading.problems import Problems
from kubedrill.reading.units import format_duration

Numbered = tuple[tuple[int, int], WantedFault]
"""A fault, and its position in the file and which time it is."""


def check_waits(faults: Mapping[tuple[int, int], WantedFault], problems: Problems) -> None:
    """Add a problem for each fault that may still wait for its state when another begins or ends."""
    for place, fault in faults.items():
        if fault.when is None:
            continue
        begin, end = fault.inject_s, fault.latest_s + (fault.for_s or 0.0)
        others = ((key, other) for key, other in faults.items() if key != place)
        edge = min(_edges(others, place, begin, end), default=None)
        if edge is not None:
            seconds, words = edge
            problems.add(
                ("faults", place[0], "when"),
                f"when: until {format_duration(end)} of the drill, at the latest, nothing else can begin "
                f"or end, and {words} at {format_duration(seconds)}; give it less time, or that another",
            )


def _edges(
    others: Iterator[Numbered], place: tuple[int, int], begin: float, end: float
) -> Iterator[tuple[float, str]]:
    """Yield what begins or ends between two times, and when; at the same time, what ends comes first."""
    for key, other in others:
        if begin < other.inject_s < end or (other.inject_s == begin and key > place):
            yield other.inject_s, f"{other.name} begins"
        if other.lasts == "lasting" and begin < other.undo_s < end:
            yield other.undo_s, f"{other.name} ends"
