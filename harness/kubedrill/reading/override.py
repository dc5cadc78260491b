"""`--set key=value`: one value of a file replaced from the command line."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from kubedrill.errors import NotStarted
from kubedrill.reading.problems import Location, Place, describe, dotted
from kubedrill.reading.text import BadText
from kubedrill.reading.yaml_nodes import parse
from kubedrill.reading.yaml_syntax import MAX_DEPTH, TOO_DEEP
from kubedrill.words import did_you_mean, shown

_STEP = re.compile(r"\[(?P<index>[0-9]{1,6})\]|\.?(?P<key>[^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Override:
    """One value of the command line; `key` is still as written."""

    key: str
    value: Any
    option: str
    """What was typed, as messages name it: `--set phases.fault`."""

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
        """Return what `--cluster NAME` changes."""
        return cls("cluster", name, "--cluster")


def apply(
    document: dict[str, Any],
    places: dict[Location, Place],
    override: Override,
    closed: Collection[Location] = (),
) -> None:
    """Put the override's value into `document` and its place into `places`.

    A mapping on the way that is missing is made, but in `closed` ones keys are changed, not added.
    Raises NotStarted where the key leads nowhere.
    """
    location: Location = ()
    parent: Any = document
    steps = _steps(document, override)
    for position, step in enumerate(steps):
        _check_step(parent, step, location, override, closed)
        location = (*location, step)
        last = position == len(steps) - 1
        if last:
            _put(parent, step, override.value)
        elif _missing(parent, step):
            _put(parent, step, {})
            places[location] = Place(option=override.option)
        parent = parent[step]
    for known in [place for place in places if place[: len(location)] == location]:
        del places[known]
    places[location] = Place(option=override.option)


def _steps(document: Any, override: Override) -> list[str | int]:
    steps: list[str | int] = []
    rest, value = override.key, document
    while rest:
        step, rest = _next_step(rest, value, override)
        steps.append(step)
        if len(steps) > MAX_DEPTH:
            raise NotStarted(f"{override.option}: {TOO_DEEP}")
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
        raise NotStarted(f"{override.option}: write the key as in load[0].rate")
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
            raise NotStarted(f"{override.option}: {where} is {describe(parent)}, not a list")
        if step > len(parent):
            raise NotStarted(f"{override.option}: {where} ends before [{step}]")
    elif not isinstance(parent, dict):
        raise NotStarted(f"{override.option}: {where} is {describe(parent)}, not a mapping")
    elif location in closed and step not in parent:
        raise NotStarted(
            f'{override.option}: unknown key "{shown(step)}"{did_you_mean(step, parent)}'
        )


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
