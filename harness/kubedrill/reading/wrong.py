"""What is wrong with a value, in words: whatever found it, pydantic or a JSON Schema, and whoever is told.

Errors of validation become sentences here and nowhere else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kubedrill.reading.problems import Location, describe, dotted
from kubedrill.words import did_you_mean, shown

if TYPE_CHECKING:
    from jsonschema import ValidationError as SchemaError

_CALLED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping (key: value)",
    "null": "nothing",
}
"""The types of JSON."""
_EXPECTED = {
    "string_type": "string",
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "bool_type": "boolean",
    "list_type": "array",
    "tuple_type": "array",
    "dict_type": "object",
    "model_type": "object",
}
"""What pydantic misses, by the kind of its error."""
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}
_LIMITS = {
    "greater_than": ("exclusiveMinimum", "gt"),
    "greater_than_equal": ("minimum", "ge"),
    "less_than": ("exclusiveMaximum", "lt"),
    "less_than_equal": ("maximum", "le"),
}
"""Pydantic's bounds: what JSON Schema calls them, and where the error has the limit."""


def in_file(
    error: ValidationError, value: Any, model: type[BaseModel]
) -> Iterator[tuple[Location, str]]:
    """Yield where something is wrong in a file's value that is no `model`, and what."""
    for location, errors in _by_place(error.errors(include_url=False), value).items():
        yield location, _at_its_place(errors, location, model)


def in_parameters(error: ValidationError) -> str:
    """Return all that is wrong with somebody's parameters, which stand in no file, in one line."""
    return "; ".join(_of_a_parameter(found) for found in error.errors(include_url=False))


def in_json(error: ValidationError) -> str:
    """Return the first thing that is wrong with JSON that somebody wrote: `0.weight: Input should be ...`."""
    found = error.errors(include_url=False)[0]
    place = ".".join(map(str, found["loc"]))
    said = str(found["ctx"]["error"]) if found["type"] == "value_error" else found["msg"]
    return f"{place}: {said}" if place else said


def in_evidence(error: ValidationError) -> str:
    """Return the first thing that is wrong with a file of a run: `lag_s: must be a finite number`."""
    found = error.errors(include_url=False)[0]
    match found["type"]:
        case "json_invalid":
            what = f"is not JSON: {found['ctx']['error']}"
        case "missing":
            what = "is missing"
        case "extra_forbidden" | "unexpected_keyword_argument":
            what = "is not known here"
        case "value_error":
            what = str(found["ctx"]["error"])
        case _:
            what = found["msg"].replace("Input should", "must")
    where = ".".join(map(str, found["loc"]))
    return f"{where}: {what}" if where else what


def by_schema(error: "SchemaError") -> str:
    """Return what a JSON Schema finds wrong with a value: `must be at least 0, not -1`."""
    schema = error.schema
    value: Any = error.instance
    wanted: Any = error.validator_value
    assert isinstance(schema, Mapping)
    match str(error.validator):
        case "enum" | "type" if "enum" in schema:
            words = _no_choice(value, schema["enum"])
        case "type":
            words = _of_another_type([wanted] if isinstance(wanted, str) else wanted, value)
        case "anyOf":
            words = _no_alternative(error)
        case bound if bound in _BOUNDS:
            words = _out_of_bounds(bound, wanted, value)
        case "minItems":
            words = f"must have at least {wanted} in it, not {len(value)}"
        case "uniqueItems":
            twice = next(item for number, item in enumerate(value) if item in value[:number])
            words = f"has {describe(twice)} in it twice"
        case "pattern":
            words = f"must match {wanted}, not {describe(value)}"
        case _:
            words = f"is refused: {shown(error.message)}"
    return words


def _no_alternative(error: "SchemaError") -> str:
    """Return what is wrong with a value that none of a schema's alternatives takes."""
    kinds: list[Any] = []
    for inner in error.context or ():
        if inner.validator != "type":  # it is of that alternative's type, and wrong in another way
            return by_schema(inner)
        kinds.append(inner.validator_value)
    return _of_another_type(kinds, error.instance)


def _of_another_type(kinds: Sequence[str], value: Any) -> str:
    quotes = ", in quotes" if list(kinds) == ["string"] and isinstance(value, int | float) else ""
    return f"{_must_be(kinds)}{quotes}, not {describe(value)}"


def _must_be(kinds: Iterable[str]) -> str:
    return f"must be {' or '.join(dict.fromkeys(_CALLED[kind] for kind in kinds))}"


def _out_of_bounds(bound: str, limit: Any, value: Any) -> str:
    return f"must be {_BOUNDS[bound]} {limit}, not {shown(value)}"


def _no_choice(value: Any, choices: Sequence[Any]) -> str:
    for choice in choices:
        if isinstance(choice, str) and not isinstance(value, str) and choice == str(value):
            return f'must be text: write "{choice}" with the quotes, not {describe(value)}'
    written = (choice if isinstance(choice, str) and choice else repr(choice) for choice in choices)
    return f"cannot be {describe(value)}{did_you_mean(str(value), written)}"


def _of_a_parameter(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    place = ".".join(map(str, error["loc"]))
    return f"{place}: {_as_pydantic_says(error)}, not {describe(error['input'])}"


def _as_pydantic_says(error: ErrorDetails) -> str:
    return error["msg"][:1].lower() + error["msg"][1:]


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


def _at_its_place(errors: list[ErrorDetails], location: Location, model: type[BaseModel]) -> str:
    error = errors[0]
    match error["type"]:
        case "extra_forbidden":
            around = _model_at(model, location[:-1])
            known = [key for key, _, _ in fields(around)] if around else []
            return f'unknown key "{shown(location[-1])}"{did_you_mean(str(location[-1]), known)}'
        case "missing" if isinstance(error["loc"][-1], str):
            within = f" in {dotted(location[:-1])}" if location[1:] else ""
            return f'missing key "{location[-1]}"{within}'
        case _:
            return f"{dotted(location)}{_of_a_value(errors)}"


def _of_a_value(errors: list[ErrorDetails]) -> str:
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
            words = f" {_no_choice(value, [word.strip(chr(39) + ' ') for word in choices])}"
        case "too_short" | "string_too_short":
            words = " must not be empty"
        case "too_long" | "string_too_long":
            what = "in it" if kind == "too_long" else "characters"
            words = f" must have at most {context['max_length']} {what}, not {len(value)}"
        case _ if kind in _EXPECTED:
            kinds = [_EXPECTED[found["type"]] for found in errors if found["type"] in _EXPECTED]
            words = f" {_must_be(kinds)}, not {describe(value)}"
        case _ if kind in _LIMITS:
            bound, key = _LIMITS[kind]
            words = f" {_out_of_bounds(bound, context[key], value)}"
        case _:
            words = f": {_as_pydantic_says(error)}, not {describe(value)}"
    return words


def fields(model: type[BaseModel]) -> Iterator[tuple[str, Any, bool]]:
    """Yield each field as (name in the file, type, whether it is required)."""
    for name, field in model.model_fields.items():
        yield field.alias or name, field.annotation, field.is_required()


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """Return the model that describes the mapping at `location`, if one does."""
    here: Any = model
    for step in location:
        here = _step_into(here, step)
    models = [kind for kind in alternatives(here) if is_model(kind)]
    return models[0] if models else None


def _step_into(annotation: Any, step: str | int) -> Any:
    for kind in alternatives(annotation):
        if is_model(kind) and isinstance(step, str):
            return next((inner for name, inner, _ in fields(kind) if name == step), None)
        if get_origin(kind) in {list, tuple, dict, Mapping, Sequence}:
            return get_args(kind)[1 if isinstance(step, str) else 0]
    return None


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the types of which a value may be, without what is annotated."""
    if get_origin(annotation) is Annotated:
        return alternatives(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(chain.from_iterable(map(alternatives, get_args(annotation))))
    return (annotation,)


def is_model(annotation: Any) -> bool:
    """Whether a type is a mapping whose keys are known."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
