"""The types of an experiment file's values, as pydantic checks them."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from kubedrill.record.units import DURATION_PATTERN, RATE_PATTERN, parse_duration, parse_rate

NAME_PATTERN = "^[a-z][a-z0-9_-]*$"


def _positive_duration(value: Any) -> float:
    return _positive(parse_duration(value), "0s")


def _positive_rate(value: Any) -> float:
    return _positive(parse_rate(value), "0/s")


def _phase_length(value: Any) -> float:
    if value is None:
        raise ValueError("a phase needs a length, such as 30s")
    return _positive(parse_duration(value), "0s")


def _positive(value: float, zero: str) -> float:
    if value <= 0:
        raise ValueError(f"must be more than {zero}")
    return value


def _name(value: str) -> str:
    if not re.match(NAME_PATTERN, value):
        raise ValueError(f'"{value}" is no name; begin with a-z, then a-z, 0-9, _ and - may follow')
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
Duration = Annotated[float, BeforeValidator(_positive_duration), duration_type]
PhaseLength = Annotated[float, BeforeValidator(_phase_length), duration_type]
Rate = Annotated[float, BeforeValidator(_positive_rate), rate_type]
Name = Annotated[str, Field(json_schema_extra={"pattern": NAME_PATTERN}), BeforeValidator(_name)]


class Part(BaseModel):
    """A mapping of the file: its keys and no others, its types and no others."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )
