"""Check arguments against the JSON Schema by which a fault or a load profile describes them."""

import operator
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from kubedrill.reading.problems import Location, Problems, describe
from kubedrill.words import did_you_mean, shown

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_CALLED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}

_BOUNDS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "minimum": ("at least", operator.ge),
    "maximum": ("at most", operator.le),
    "exclusiveMinimum": ("more than", operator.gt),
    "exclusiveMaximum": ("less than", operator.lt),
}


def check_parameters(
    given: Mapping[str, Any],
    schema: Mapping[str, Any],
    owner: str,
    location: Location,
    problems: Problems,
) -> None:
    """Add a problem for every argument of `owner` that is unknown, missing, or of a wrong value."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name, value in given.items():
        if name in properties:
            wrong = _wrong(value, properties[name])
            if wrong:
                problems.add((*location, name), f"{owner}: {name} {wrong}")
        else:
            known = did_you_mean(name, properties) or "; it takes none"
            problems.add((*location, name), f'{owner} has no parameter "{shown(name)}"{known}')
    for name in schema.get("required", ()):
        if name not in given:
            problems.add(location, f'{owner} needs the parameter "{name}"')


def _wrong(value: Any, schema: Mapping[str, Any]) -> str | None:
    kinds = schema.get("type", list(_TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    choices = schema.get("enum")
    if choices is not None and not any(_same(value, one) for one in choices):
        return _wrong_choice(value, choices)
    if not any(_is_a(value, kind) for kind in kinds):
        quotes = ", in quotes" if kinds == ["string"] and isinstance(value, int | float) else ""
        return (
            f"must be {' or '.join(_CALLED[kind] for kind in kinds)}{quotes}, not {describe(value)}"
        )
    if isinstance(value, list):
        return _wrong_list(value, schema)
    return _wrong_bound(value, schema)


def _wrong_list(value: list[Any], schema: Mapping[str, Any]) -> str | None:
    fewest = schema.get("minItems", 0)
    if len(value) < fewest:
        return f"must have at least {fewest} in it, not {len(value)}"
    if wrong := next(
        (said for one in value if (said := _wrong(one, schema.get("items", {})))), None
    ):
        return wrong
    if schema.get("uniqueItems"):
        counts = Counter(map(repr, value))
        twice = (one for one in value if counts[repr(one)] > 1)
        return next((f"has {describe(one)} in it twice" for one in twice), None)
    return None


def _wrong_choice(value: Any, choices: list[Any]) -> str:
    for choice in choices:
        if isinstance(choice, str) and choice == str(value):
            return f'must be text: write "{choice}" with the quotes, not {describe(value)}'
    return f"cannot be {describe(value)}{did_you_mean(str(value), map(_written, choices))}"


def _written(choice: Any) -> str:
    return choice if isinstance(choice, str) and choice else repr(choice)


def _wrong_bound(value: Any, schema: Mapping[str, Any]) -> str | None:
    if isinstance(value, str) or not isinstance(value, int | float):
        return None
    for key, (words, fits) in _BOUNDS.items():
        if key in schema and not fits(value, schema[key]):
            return f"must be {words} {schema[key]}, not {value}"
    return None


def _is_a(value: Any, kind: str) -> bool:
    # Python takes True for an int; JSON Schema does not.
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _same(value: Any, choice: Any) -> bool:
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)
