"""Check arguments against the JSON Schema by which a fault or a load profile describes them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.wrong import by_schema
from kubedrill.words import did_you_mean, shown


def check_parameters(
    given: Mapping[str, Any],
    schema: Mapping[str, Any],
    owner: str,
    location: Location,
    problems: Problems,
) -> None:
    """Add a problem for every argument of `owner` that is unknown, missing, or of a wrong value."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    validator = _validator()(schema)
    for name, value in given.items():
        if name not in properties:
            known = did_you_mean(name, properties) or "; it takes none"
            problems.add((*location, name), f'{owner} has no parameter "{shown(name)}"{known}')
        elif error := next(validator.descend(value, properties[name]), None):
            problems.add((*location, name), f"{owner}: {name} {by_schema(error)}")
    for name in schema.get("required", ()):
        if name not in given:
            problems.add(location, f'{owner} needs the parameter "{name}"')


@cache
def _validator() -> Any:
    """Return what checks a schema; for it as for our models, 1.0 is no whole number."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    def is_whole(_: Any, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole)
    return extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
