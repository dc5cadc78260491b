"""One value of a file replaced: by `--set key=value`, or by a variant that the file itself has."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubedrill.errors import BadFile, NotStarted
from kubedrill.reading.problems import Location, Place, describe, dotted
from kubedrill.reading.text import BadText
from kubedrill.reading.yaml_nodes import parse
from kubedrill.reading.yaml_syntax import MAX_DEPTH, TOO_DEEP
from kubedrill.words import did_you_mean, shown

_STEP = re.compile(r"\[(?P<index>[0-9]{1,6})\]|\.?(?P<key>[^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Override:
    """One value, of the command line or of a line of a file; `key` is still as written."""

    key: str
    value: Any
    option: str = ""
    """What was typed, as messages name it: `--set phases.fault`."""
    file: Path | None = None
    """The file that says so, at `line`, where nothing was typed."""
    line: int | None = None

    @property
    def place(self) -> Place:
        """Where it was written."""
        return Place(option=self.option) if self.file is None else Place(line=self.line)

    def refused(self, message: str) -> NotStarted:
        """Return the error that names where it was written, and what is wrong with it."""
        if self.file is None:
            return NotStarted(f"{self.option}: {message}")
        return BadFile(self.file, self.line, f"{shown(self.key)}: {message}")

    @classmethod
    def read(cls, text: str) -> "Override":
        """Read the `key=value` of a `--set`; the value is YAML. NotStarted if it is not of that form."""
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise NotStarted(f'--set {shown(text)}: write key=value, such as "phases.fault=30s"')
        option = f"--set {shown(key)}"
        try:
            return cls(key, parse(value)[0], option)
        except BadText as error:
            raise NotStarted(f"{option}: {error}") from None

    @classmethod
    def cluster(cls, name: str) -> "Override":
        """Return what `--cluster NAME` changes: what the experiment changes of its cluster stays."""
        return cls("cluster.name", name, "--cluster")


def head_of(key: str) -> str:
    """Return the first step of a key: `load` of load[0].rate."""
    return key.partition(".")[0].partition("[")[0]


def apply(
    document: dict[str, Any],
    places: dict[Location, Place],
    override: Override,
    closed: Collection[Location] = (),
    short: Mapping[Location, str] = {},
) -> None:
    """Put the override's value into `document` and its place into `places`.

    A mapping or a list on the way that is missing is made, but in `closed` ones keys are changed, not
    added. Where a text stands `short` for a mapping with that key, it is spelt out. Raises NotStarted
    where the key leads nowhere.
    """
    location: Location = ()
    parent: Any = document
    steps = _steps(document, override)
    for position, step in enumerate(steps):
        if location in short and isinstance(parent, str):
            parent = _spelt_out(document, location, short[location])
        _check_step(parent, step, location, override, closed)
        location = (*location, step)
        last = position == len(steps) - 1
        if last:
            _put(parent, step, override.value)
        elif _missing(parent, step):
            _put(parent, step, [] if isinstance(steps[position + 1], int) else {})
            places[location] = override.place
        parent = parent[step]
    for known in [place for place in places if place[: len(location)] == location]:
        del places[known]
    places[location] = override.place


def _spelt_out(document: dict[str, Any], location: Location, key: str) -> dict[str, Any]:
    """Put a mapping where a text stood that is one of its values; return the mapping."""
    around: Any = document
    for step in location[:-1]:
        around = around[step]
    whole = {key: around[location[-1]]}
    around[location[-1]] = whole
    return whole


def _steps(document: Any, override: Override) -> list[str | int]:
    steps: list[str | int] = []
    rest, value = override.key, document
    while rest:
        step, rest = _next_step(rest, value, override)
        steps.append(step)
        if len(steps) > MAX_DEPTH:
            raise override.refused(TOO_DEEP)
        value = None if _missing(value, step) else value[step]
    return steps


def _next_step(rest: str, value: Any, override: Override) -> tuple[str | int, str]:
    # A key of the file may hold dots itself (etcd.kill): the longest one that fits wins.
    plain = rest.removeprefix(".")
    if isinstance(value, dict) and not rest.startswith("["):
        for key in sorted(value, key=len, reverse=True):
            if plain == key or plain.startswith((f"{key}.", f"{key}[")):
                return key, plain[len(key) :]
    found = _STEP.match(rest)
    if found is None:
        raise override.refused("write the key as in load[0].rate")
    index = found["index"]
    return (int(index) if index is not None else found["key"]), rest[found.end() :]


def _check_step(
    parent: Any,
    step: str | int,
    location: Location,
    override: Override,
    closed: Collection[Location],
) -> None:
    where = f'"{dotted(location)}"' if location else "the file"
    if isinstance(step, int):
        if not isinstance(parent, list):
            raise override.refused(f"{where} is {describe(parent)}, not a list")
        if step > len(parent):
            raise override.refused(f"{where} ends before [{step}]")
    elif not isinstance(parent, dict):
        raise override.refused(f"{where} is {describe(parent)}, not a mapping")
    elif location in closed and step not in parent:
        raise override.refused(f'unknown key "{shown(step)}"{did_you_mean(step, parent)}')


def _missing(parent: Any, step: str | int) -> bool:
    if isinstance(parent, dict):
        return parent.get(step) is None
    if isinstance(parent, list):
        return not isinstance(step, int) or step >= len(parent)
    return True


def _put(parent: Any, step: str | int, value: Any) -> None:
    if isinstance(parent, list) and step == len(parent):
        parent.append(value)
    else:
        parent[step] = value
