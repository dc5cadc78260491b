"""`--set key=value`: one value of a file replaced from the command line."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from kubedrill.errors import NotStarted
from kubedrill.record.problems import Location, Place, describe, dotted
from kubedrill.record.yaml_nodes import BadText, parse
from kubedrill.words import did_you_mean

_STEP = re.compile(r"\[(?P<index>\d+)\]|\.?(?P<key>[^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Override:
    """One `--set`, split at its first `=`; `key` is still as written."""

    key: str
    value: Any

    @classmethod
    def read(cls, text: str) -> "Override":
        """Read `key=value`; the value is YAML. NotStarted if it is not of that form."""
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise NotStarted(f'--set {text}: write key=value, such as "phases.fault=30s"')
        try:
            return cls(key, parse(value)[0])
        except BadText as error:
            raise NotStarted(f"--set {key}: {error}") from None


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
            places[location] = Place(override=override.key)
        parent = parent[step]
    for known in [one for one in places if one[: len(location)] == location]:
        del places[known]
    places[location] = Place(override=override.key)


def _steps(document: Any, override: Override) -> list[str | int]:
    steps: list[str | int] = []
    rest, value = override.key, document
    while rest:
        step, rest = _next_step(rest, value, override)
        steps.append(step)
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
        raise NotStarted(f"--set {override.key}: write the key as in load[0].rate")
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
            raise NotStarted(f"--set {override.key}: {where} is {describe(parent)}, not a list")
        if step > len(parent):
            raise NotStarted(f"--set {override.key}: {where} ends before [{step}]")
    elif not isinstance(parent, dict):
        raise NotStarted(f"--set {override.key}: {where} is {describe(parent)}, not a mapping")
    elif location in closed and step not in parent:
        raise NotStarted(f'--set {override.key}: unknown key "{step}"{did_you_mean(step, parent)}')


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
