"""Read a YAML file that a person wrote into a pydantic model, with every error at its line."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from kubedrill.errors import BadFile
from kubedrill.reading.override import Override, apply
from kubedrill.reading.partly import as_far_as_sound
from kubedrill.reading.problems import Location, Objections, Problems, Source, describe
from kubedrill.reading.text import BadText, read_text
from kubedrill.reading.wrong import fields
from kubedrill.reading.yaml_nodes import parse
from kubedrill.words import did_you_mean

Model = TypeVar("Model", bound=BaseModel)


def load_checked(
    path: Path,
    model: type[Model],
    overrides: Sequence[str] = (),
    closed: Collection[Location] = (),
) -> tuple[Model, Source]:
    """Read `path`, apply each `--set` of `overrides`, and check the result against `model`.

    The model should be strict and forbid extra keys. `closed` names mappings with keys of the
    author's own (phases) in which `--set` may change a value but not add one. The Source says where
    each value stands: give it to `Problems` for checks of your own. Raises BadFile with a line for
    each problem, NotStarted if only a `--set` is wrong.
    """
    value, source = load(path, model, overrides, closed)
    problems = Problems(source)
    checked = check(value, model, problems)
    problems.stop()
    assert checked is not None
    return checked, source


def load(
    path: Path,
    model: type[BaseModel],
    overrides: Sequence[str | Override] = (),
    closed: Collection[Location] = (),
    short: Mapping[Location, str] = {},
) -> tuple[dict[str, Any], Source]:
    """Read `path` and apply `overrides`; what is in it is not checked yet.

    `model` is asked only for the keys that an empty file lacks. In `short` ones a text stands for a
    mapping with that key. Errors as for `load_checked`.
    """
    try:
        value, places = parse(read_text(path))
    except BadText as error:
        raise BadFile(path, error.line, _with_neighbour(path, str(error))) from None
    _check_mapping(path, value, model)
    for given in overrides:
        override = given if isinstance(given, Override) else Override.read(given)
        apply(value, places, override, closed, short)
    return value, Source(path, places)


def check(value: Any, model: type[Model], problems: Objections) -> Model | None:
    """Return `value` as `model`; None, and what is wrong in `problems`, if it is not one."""
    checked, whole = as_far_as_sound(value, model, problems)
    return checked if whole else None


def _check_mapping(path: Path, value: Any, model: type[BaseModel]) -> None:
    if value is None:
        needed = [name for name, _, required in fields(model) if required]
        raise BadFile(path, 1, f"is empty; it needs at least {', '.join(needed)}")
    if not isinstance(value, dict):
        raise BadFile(path, 1, f"must be a mapping (key: value), not {describe(value)}")


def _with_neighbour(path: Path, message: str) -> str:
    if message != "no such file" or not path.parent.is_dir():
        return message
    return message + did_you_mean(path.name, (file.name for file in path.parent.glob("*.yaml")))
