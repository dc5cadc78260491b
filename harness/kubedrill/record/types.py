"""The types of an experiment file's values, as pydantic checks them."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from kubedrill.record.units import DURATION_PATTERN, RATE_PATTERN, parse_duration, parse_rate
from kubedrill.words import shown

NAME_PATTERN = "^[a-z][a-z0-9_-]*$"


LONGEST_NAME = 40
"""Characters: names become parts of the names of files and objects."""
LONGEST_DRILL = "168h"
"""All phases together: a week."""
FASTEST = "100000/s"
"""Arrivals; ten times what any client of Kubernetes was seen to send."""


def between(read: Callable[[Any], float], lowest: str, highest: str) -> BeforeValidator:
    """Return what reads a value with a unit and refuses what is out of bounds."""

    def check(value: Any) -> float:
        found = read(value)
        if found <= 0 < read(lowest):
            raise ValueError(f"must be more than 0{'/s' if '/' in lowest else 's'}")
        if found < read(lowest):
            raise ValueError(f"must be at least {lowest}, not {shown(value)}")
        if found > read(highest):
            raise ValueError(f"must be at most {highest}, not {shown(value)}")
        return found

    return BeforeValidator(check)


def _phase_length(value: Any) -> float:
    if value is None:
        raise ValueError("a phase needs a length, such as 30s")
    return parse_duration(value)


def _name(value: str) -> str:
    if not re.fullmatch(NAME_PATTERN, value):
        raise ValueError(
            f'"{shown(value)}" is no name; begin with a-z, then a-z, 0-9, _ and - may follow'
        )
    if len(value) > LONGEST_NAME:
        raise ValueError(f'"{shown(value)}" is longer than {LONGEST_NAME} characters')
    return value


DURATION_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": DURATION_PATTERN,
    "examples": ["10s", "250ms", "1m30s"],
}
duration_type = WithJsonSchema(DURATION_SCHEMA)
rate_type = WithJsonSchema(
    {"type": "string", "pattern": RATE_PATTERN, "examples": ["10/s", "600/m"]}
)
Duration = Annotated[float, between(parse_duration, "1ms", LONGEST_DRILL), duration_type]
Time = Annotated[float, between(parse_duration, "0s", LONGEST_DRILL), duration_type]
"""A duration that may be 0s."""
PhaseLength = Annotated[float, between(_phase_length, "100ms", LONGEST_DRILL), duration_type]
Rate = Annotated[float, between(parse_rate, "1/h", FASTEST), rate_type]
AnyRate = Annotated[float, between(parse_rate, "0/s", FASTEST), rate_type]
"""A rate that may be 0/s."""
Name = Annotated[str, Field(json_schema_extra={"pattern": NAME_PATTERN}), AfterValidator(_name)]


class Part(BaseModel):
    """A mapping of the file: its keys and no others, its types and no others."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )
