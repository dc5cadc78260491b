"""A file's value as a model, as far as it is sound, so that an error in one part hides none in another."""

import json
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from kubedrill.reading.problems import Location, Objections
from kubedrill.reading.wrong import alternatives, in_file, is_model

Model = TypeVar("Model", bound=BaseModel)


def as_far_as_sound(value: Any, model: type[Model], problems: Objections) -> tuple[Model, bool]:
    """Return `value` as `model`, and whether it is one.

    If not, what is wrong goes to `problems`, and in its place, and in that of what is missing, stands None,
    whatever the model's types say.
    """
    try:
        # JSON's strictness is the one that fits: a list is a tuple's only form, no text is a number.
        return model.model_validate_json(json.dumps(value)), True
    except ValidationError as error:
        wrong: set[Location] = set()
        for location, words in in_file(error, value, model):
            problems.add(location, words)
            wrong |= {location[:length] for length in range(len(location) + 1)}
        return _model(model, value, (), wrong), False


def _model(model: type[Model], value: Any, here: Location, wrong: set[Location]) -> Model:
    """Return a mapping's sound parts; `wrong` is all at which, or below which, something is wrong."""
    parts: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in value:
            kind = (
                Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            )
            parts[name] = _part(kind, value[key], (*here, key), wrong)
        elif field.is_required():
            parts[name] = None
    return model.model_construct(**parts)


def _part(kind: Any, value: Any, here: Location, wrong: set[Location]) -> Any:
    if here not in wrong:
        return _adapter(kind).validate_json(json.dumps(value), strict=True)
    for choice in alternatives(kind):
        if isinstance(value, dict) and is_model(choice):
            return _model(choice, value, here, wrong)
        if isinstance(value, dict) and get_origin(choice) is dict:
            inner = get_args(choice)[1]
            return {key: _part(inner, item, (*here, key), wrong) for key, item in value.items()}
        if isinstance(value, list) and get_args(choice)[1:] == (...,):
            inner = get_args(choice)[0]
            return tuple(
                _part(inner, item, (*here, index), wrong) for index, item in enumerate(value)
            )
    return None


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    return TypeAdapter(kind)
