"""Where each value of a file stands, and all that is wrong with the file, in words."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kubedrill.errors import BadFile, NotStarted
from kubedrill.words import printable, shown

Location = tuple[str | int, ...]
"""The way to a value: keys and list indexes, as in ("load", 0, "rate")."""


LISTED = 100
"""Problems of one file that are told; whoever has more mends these first."""


ENOUGH = 3 * LISTED
"""Problems after which nobody looks for more: a file with thousands of them is no experiment."""
LONGEST = 1_000
"""Characters of a problem that are told; what is longer repeats what the file holds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a line of the file (from 1), or an option of the command line."""

    line: int | None = None
    option: str | None = None
    """As it was typed: `--set phases.fault`, `--cluster`."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read, and the place of each value in it."""

    path: Path
    places: Mapping[Location, Place]

    def place(self, location: Location) -> Place:
        """Return the place of the value, or of the nearest one around it."""
        for length in range(len(location), -1, -1):
            if location[:length] in self.places:
                return self.places[location[:length]]
        return Place()


class Objections(Protocol):
    """Where those who check a value say what is wrong with it."""

    def add(self, location: Location, message: str) -> None:
        """Take down that the value at `location` is wrong."""
        ...


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, so that a person sees all of it at once."""

    source: Source
    found: dict[tuple[Place, str], None] = field(default_factory=dict)
    """In the order in which they were found, none of them twice."""

    def add(self, location: Location, message: str) -> None:
        """Note that the value at `location` is wrong; whatever the message repeats, it stays a line."""
        self.found[self.source.place(location), shown(message, LONGEST)] = None
        if len(self.found) > ENOUGH:
            self.stop()

    def stop(self) -> None:
        """Raise BadFile (NotStarted where only an option is wrong) if anything was found.

        The message has a line a problem, in the order of the file, options last; at most LISTED. `add`
        calls it when there are ENOUGH.
        """
        if not self.found:
            return
        ordered = sorted(
            self.found, key=lambda problem: (problem[0].option is not None, problem[0].line or 0)
        )
        if (more := len(ordered) - LISTED) > 0:
            many = "many" if len(ordered) > ENOUGH else f"{more:,}"
            ordered[LISTED:] = [(ordered[LISTED][0], f"and {many} more problems")]
        place, message = ordered[0]
        rest = "".join(f"\n{self._text(*problem)}" for problem in ordered[1:])
        if place.option is None:
            raise BadFile(self.source.path, place.line, message + rest)
        raise NotStarted(self._text(place, message) + rest)

    def _text(self, place: Place, message: str) -> str:
        if place.option is not None:
            key = place.option.removeprefix("--set ")
            return f"{place.option}: {message.removeprefix(f'{key}: ')}"
        return str(BadFile(self.source.path, place.line, message))


def together(path: Path, errors: Iterable[NotStarted]) -> NotStarted:
    """Return what came of reading one file in several ways: every line once, in the order of the file."""
    lines = dict.fromkeys(text for error in errors for text in str(error).splitlines())
    ordered = sorted(lines, key=lambda text: _line_in(path, text) or math.inf)
    text = "\n".join(ordered)
    number = _line_in(path, text)
    if number is None:
        return NotStarted(text)
    return BadFile(path, number, text.removeprefix(str(BadFile(path, number, ""))))


def _line_in(path: Path, text: str) -> int | None:
    """Return the line of the file that a message is about; None if it begins with none."""
    found = re.match(rf"{re.escape(printable(str(path)))}:([0-9]+):", text)
    return int(found[1]) if found else None


def dotted(location: Iterable[str | int]) -> str:
    """Return a location as people write it: `load[0].rate`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{shown(step)}"
    return text.removeprefix(".")


def describe(value: Any) -> str:
    """Return what a value is, in words: `the text "abc"`, `a list`, `nothing`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'the text "{shown(value)}"'
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case _:
            return "a mapping"
