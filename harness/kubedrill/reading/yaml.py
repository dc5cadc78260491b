"""Read a YAML file that a person wrote into a pydantic model, with every error at its line."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kubedrill.errors import BadFile
from kubedrill.reading.override import Override, apply
from kubedrill.reading.problems import Location, Problems, Source, describe, dotted
from kubedrill.reading.text import BadText, read_text
from kubedrill.reading.yaml_nodes import parse
from kubedrill.words import did_you_mean, shown

Model = TypeVar("Model", bound=BaseModel)

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
}
_BOUNDS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


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
) -> tuple[dict[str, Any], Source]:
    """Read `path` and apply `overrides`; what is in it is not checked yet.

    `model` is asked only for the keys that an empty file lacks. Errors as for `load_checked`.
    """
    try:
        value, places = parse(read_text(path))
    except BadText as error:
        raise BadFile(path, error.line, _with_neighbour(path, str(error))) from None
    _check_mapping(path, value, model)
    for one in overrides:
        override = one if isinstance(one, Override) else Override.read(one)
        apply(value, places, override, closed)
    return value, Source(path, places)


def check(value: Any, model: type[Model], problems: Problems) -> Model | None:
    """Return `value` as `model`; None, and what is wrong in `problems`, if it is not one."""
    try:
        # JSON's strictness is the one that fits: a list is a tuple's only form, no text is a number.
        return model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        for location, errors in _by_place(error.errors(include_url=False), value).items():
            problems.add(location, _in_words(errors, location, model))
        return None


def _check_mapping(path: Path, value: Any, model: type[BaseModel]) -> None:
    if value is None:
        needed = [name for name, _, required in _fields(model) if required]
        raise BadFile(path, 1, f"is empty; it needs at least {', '.join(needed)}")
    if not isinstance(value, dict):
        raise BadFile(path, 1, f"must be a mapping (key: value), not {describe(value)}")


def _with_neighbour(path: Path, message: str) -> str:
    if message != "no such file" or not path.parent.is_dir():
        return message
    return message + did_you_mean(path.name, (one.name for one in path.parent.glob("*.yaml")))


def _by_place(errors: list[ErrorDetails], value: Any) -> dict[Location, list[ErrorDetails]]:
    """Return the errors by where they are in the value: each alternative of a type has its own."""
    found: dict[Location, list[ErrorDetails]] = {}
    for error in errors:
        found.setdefault(_place_in(value, error), []).append(error)
    return found


def _place_in(value: Any, error: ErrorDetails) -> Location:
    # Among the steps are names of alternatives, such as "str", that nobody wrote.
    place: list[str | int] = []
    for number, step in enumerate(error["loc"], 1):
        last_is_missing = error["type"] == "missing" and number == len(error["loc"])
        if _has(value, step):
            value = value[step]
            place.append(step)
        elif last_is_missing and isinstance(step, str):
            place.append(step)
    return tuple(place)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(value, list) and step < len(value)
    return isinstance(value, dict) and step in value


def _in_words(errors: list[ErrorDetails], location: Location, model: type[BaseModel]) -> str:
    error = errors[0]
    match error["type"]:
        case "extra_forbidden":
            around = _model_at(model, location[:-1])
            known = [key for key, _, _ in _fields(around)] if around else []
            return f'unknown key "{shown(location[-1])}"{did_you_mean(str(location[-1]), known)}'
        case "missing" if isinstance(error["loc"][-1], str):
            within = f" in {dotted(location[:-1])}" if location[1:] else ""
            return f'missing key "{location[-1]}"{within}'
        case _:
            return f"{dotted(location)}{_wrong_value(errors)}"


def _wrong_value(errors: list[ErrorDetails]) -> str:
    error = errors[0]
    kind, value = error["type"], error["input"]
    context: Mapping[str, Any] = error.get("ctx", {})
    match kind:
        case "missing":  # of a list of fixed length
            words = f" must have {len(value) + len(errors)} in it, not {len(value)}"
        case "value_error":
            words = f": {context['error']}"
        case "literal_error" | "enum":
            choices = context["expected"].replace(" or ", ", ").split(",")
            near = did_you_mean(str(value), [word.strip("' ") for word in choices])
            words = f" cannot be {describe(value)}{near}"
        case "too_short" | "string_too_short":
            words = " must not be empty"
        case "too_long" | "string_too_long":
            what = "in it" if kind == "too_long" else "characters"
            words = f" must have at most {context['max_length']} {what}, not {len(value)}"
        case _ if kind in _EXPECTED:
            kinds = dict.fromkeys(_EXPECTED.get(one["type"], "") for one in errors)
            words = f" must be {' or '.join(filter(None, kinds))}, not {describe(value)}"
        case _ if kind in _BOUNDS:
            words = f" must be {_BOUNDS[kind].format(**context)}, not {shown(value)}"
        case _:
            said = error["msg"][:1].lower() + error["msg"][1:]
            words = f": {said}, not {describe(value)}"
    return words


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any, bool]]:
    """Yield each field as (name in the file, type, whether it is required)."""
    for name, field in model.model_fields.items():
        yield field.alias or name, field.annotation, field.is_required()


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """Return the model that describes the mapping at `location`, if one does."""
    here: Any = model
    for step in location:
        here = _step_into(here, step)
    models = [one for one in _alternatives(here) if _is_model(one)]
    return models[0] if models else None


def _step_into(annotation: Any, step: str | int) -> Any:
    for one in _alternatives(annotation):
        if _is_model(one) and isinstance(step, str):
            return next((kind for name, kind, _ in _fields(one) if name == step), None)
        if get_origin(one) in {list, tuple, dict, Mapping, Sequence}:
            return get_args(one)[1 if isinstance(step, str) else 0]
    return None


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(chain.from_iterable(map(_alternatives, get_args(annotation))))
    return (annotation,)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
