"""The types of an experiment file's values, as pydantic checks them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from unicodedata import category

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    ValidationInfo,
    plain_serializer_function_ser_schema,
    with_info_before_validator_function,
)

from kubedrill.reading.units import (
    BANDWIDTH_PATTERN,
    DURATION_PATTERN,
    RATE_PATTERN,
    SHARE_PATTERN,
    SIZE_PATTERN,
    format_bandwidth,
    format_duration,
    format_rate,
    format_share,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_quantity,
    parse_rate,
    parse_share,
    parse_size,
)
from kubedrill.words import shown

NAME_PATTERN = "^[a-z][a-z0-9_-]*$"


LONGEST_NAME = 40
"""Characters: names become parts of the names of files and objects."""
LONGEST_TITLE = 200
LONGEST_WHY = 2000
LONGEST_DRILL = "168h"
"""All phases together: a week."""
LONGEST_WAIT = "1h"
"""Between what happens again and again in a drill."""
FASTEST = "100000/s"
"""Arrivals; ten times what any client of Kubernetes was seen to send."""
FASTEST_PROBES = "1000/s"
"""Of one kind; the prober is one process, and is to be heard beside the load, not to be the load."""


def _schema(pattern: str, *examples: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "examples": [*examples]}


DURATION_SCHEMA = _schema(DURATION_PATTERN, "10s", "250ms", "1m30s")


class Spelling(NamedTuple):
    """How values of a base unit are written, in files and in records."""

    write: Callable[[float], str]
    ending: str
    """What a record's key ends in that holds the bare number."""
    nothing: str
    schema: dict[str, Any]


_SPELLINGS = {
    "s": Spelling(format_duration, "_s", "0s", DURATION_SCHEMA),
    "1/s": Spelling(format_rate, "_rate", "0/s", _schema(RATE_PATTERN, "10/s", "600/m")),
    "bytes": Spelling(format_size, "_bytes", "0B", _schema(SIZE_PATTERN, "5GB", "512MiB")),
    "bytes/s": Spelling(
        format_bandwidth, "_bytes_per_s", "0B/s", _schema(BANDWIDTH_PATTERN, "125MB/s", "1.25GB/s")
    ),
    "ratio": Spelling(format_share, "_share", "0%", _schema(SHARE_PATTERN, "6.4%", "10%")),
}
WRITTEN = {spelling.schema["pattern"]: spelling.write for spelling in _SPELLINGS.values()}
"""By the pattern of a schema, what writes a value of it as people do."""


@dataclass(frozen=True, slots=True)
class Between:
    """Reads a value with a unit from a file, refuses what is out of bounds, and writes it again.

    In Python it is a number, in its base unit.
    """

    read: Callable[[Any], float]
    lowest: str
    highest: str

    def check(self, value: Any) -> float:
        """Return the value in its base unit; ValueError says what would work."""
        found, lowest = self.read(value), self.read(self.lowest)
        if found <= 0 < lowest:
            raise ValueError(f"must be more than {self._spelling.nothing}")
        if found < lowest:
            raise ValueError(f"must be at least {self.lowest}, not {shown(value)}")
        if found > self.read(self.highest):
            raise ValueError(f"must be at most {self.highest}, not {shown(value)}")
        return found

    def write(self, value: float) -> str:
        """Return the value as a file has it; `check` reads it back exactly."""
        return self._spelling.write(value)

    @property
    def ending(self) -> str:
        """What a record's key ends in that holds the bare number."""
        return self._spelling.ending

    @property
    def _spelling(self) -> Spelling:
        return _SPELLINGS[parse_quantity(self.lowest).unit]

    def _check_text(self, value: Any, info: ValidationInfo) -> Any:
        number = info.mode == "python" and isinstance(value, int | float)
        return value if number else self.check(value)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check before pydantic does, which asks for a number."""
        writing = plain_serializer_function_ser_schema(self.write, when_used="json")
        return with_info_before_validator_function(
            self._check_text, handler(source), serialization=writing
        )

    def __get_pydantic_json_schema__(
        self,
        _: CoreSchema,
        __: GetJsonSchemaHandler,
    ) -> dict[str, Any]:
        """Say what the text looks like."""
        return dict(self._spelling.schema)


def _phase_length(value: Any) -> float:
    if value is None:
        raise ValueError("a phase needs a length, such as 30s")
    return parse_duration(value)


def matching(pattern: str, otherwise: str) -> AfterValidator:
    """Return the check that a text matches as a whole; `otherwise` says what it is if not: `is no name`."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f'"{shown(text)}" {otherwise}')
        return text

    return AfterValidator(check)


_JOINERS = "\u200c\u200d"
"""Invisible, but some scripts and emoji cannot be written without them."""


def _prose(value: str) -> str:
    text = value.strip()
    if not text:
        raise ValueError("must not be empty")
    for letter in text:
        if category(letter) in {"Cc", "Cf"} and letter not in f"\n{_JOINERS}":
            raise ValueError(f"has an invisible character in it, U+{ord(letter):04X}; leave it out")
    return text


def _sentence(value: str) -> str:
    if "\n" in value.strip():
        raise ValueError("must be one line; what takes more can stand under why")
    return _prose(value)


Duration = Annotated[float, Between(parse_duration, "1ms", LONGEST_DRILL)]
Time = Annotated[float, Between(parse_duration, "0s", LONGEST_DRILL)]
"""A duration that may be 0s."""
Pause = Annotated[float, Between(parse_duration, "0s", LONGEST_WAIT)]
LongestWait = Annotated[float, Between(parse_duration, "1s", LONGEST_WAIT)]
Deadline = Annotated[float, Between(parse_duration, "10ms", "1m")]
PagePeriod = Annotated[float, Between(parse_duration, "1s", LONGEST_WAIT)]
"""Of what costs the one that is asked something: a page costs an idle apiserver 75 ms of CPU."""
Period = Annotated[float, Between(parse_duration, "100ms", LONGEST_WAIT)]
PhaseDuration = Annotated[float, Between(_phase_length, "100ms", LONGEST_DRILL)]
Rate = Annotated[float, Between(parse_rate, "1/h", FASTEST)]
AnyRate = Annotated[float, Between(parse_rate, "0/s", FASTEST)]
"""A rate that may be 0/s."""
ProbeRate = Annotated[float, Between(parse_rate, "1/h", FASTEST_PROBES)]
Size = Annotated[float, Between(parse_size, "1B", "1000GB")]
Bandwidth = Annotated[float, Between(parse_bandwidth, "1kB/s", "1000GB/s")]
Percentage = Annotated[float, Between(parse_share, "0.1%", "100%")]
AnyPercentage = Annotated[float, Between(parse_share, "0%", "100%")]
"""A share that may be 0%."""
Name = Annotated[
    str,
    Field(max_length=LONGEST_NAME, json_schema_extra={"pattern": NAME_PATTERN}),
    matching(NAME_PATTERN, "is no name; begin with a-z, then a-z, 0-9, _ and - may follow"),
]
Title = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE), AfterValidator(_sentence)]
Why = Annotated[str, Field(min_length=1, max_length=LONGEST_WHY), AfterValidator(_prose)]


class Part(BaseModel):
    """A mapping of the file: its keys and no others, its types and no others."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    def written(self) -> dict[str, Any]:
        """Return it as a person would write it: with the file's keys, its units, and every default."""
        return self.model_dump(mode="json", by_alias=True)
