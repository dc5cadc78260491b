"""Every line and every JSON file of a run as a frozen type: written through it, read through it.

Who reads gets types or BadEvidence, which names file and line; nobody reads a key by its text.
"""

import math
from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    no_info_after_validator_function,
    plain_serializer_function_ser_schema,
)

from kubedrill.reading.types import Between, Part
from kubedrill.reading.wrong import in_evidence
from kubedrill.record.files import write_whole

STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
"""No key but the known ones, no text for a number, no NaN, no infinity."""


def _finite(value: Any) -> Any:
    """Refuse NaN and infinity wherever they stand in plain JSON, which pydantic lets pass there."""
    inside = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list | tuple):
        for part in inside:
            _finite(part)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Time = Annotated[int, Field(ge=0)]
"""Monotonic ns."""
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0)]
"""Seconds, bytes or a share: never below 0."""
Json = Annotated[Any, AfterValidator(_finite)]
"""What somebody else decides: plain JSON, all its numbers finite."""


def of_schema(known: int) -> AfterValidator:
    """Return the check that a file is of the schema version that is known here."""

    def check(version: int) -> int:
        if version != known:
            raise ValueError(f"schema {version}, need {known}")
        return version

    return AfterValidator(check)


class Recorded:
    """Keeps a part of an experiment file in a record: flat, in bare numbers, their units in the keys.

    `{deadline: 1s, rates: {fresh: 10/s}}` is `{"deadline_s": 1.0, "fresh_rate": 10.0}`.
    """

    def __get_pydantic_core_schema__(
        self, source: type[Part], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check keys and numbers, but no bounds: what has run is told as it was."""
        keys: Any = {key: (Amount, default) for key, default in recorded(source()).items()}
        flat = create_model(f"Recorded{source.__name__}", __config__=STRICT, **keys)
        return no_info_after_validator_function(
            lambda found: _part_of(source, found.model_dump()),
            handler.generate_schema(flat),
            serialization=plain_serializer_function_ser_schema(recorded),
        )


def recorded(part: Part) -> dict[str, float]:
    """Return a part that is all quantities with units as a record keeps it."""
    flat: dict[str, float] = {}
    for name, value in part:
        flat |= recorded(value) if isinstance(value, Part) else {_key(type(part), name): value}
    return flat


def _part_of(kind: type[Part], flat: dict[str, float]) -> Part:
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Part):
            values[name] = _part_of(inner, flat)
        else:
            values[name] = flat[_key(kind, name)]
    return kind(**values)


def _key(kind: type[Part], name: str) -> str:
    metadata = kind.model_fields[name].metadata
    return name + next(unit.ending for unit in metadata if isinstance(unit, Between))


class Line(BaseModel):
    """A line of a .jsonl file, a part of one, or a JSON file as a whole."""

    model_config = STRICT


class TimedLine(Line):
    """A line that says when it was so."""

    time: Time


class Timed(Protocol):
    """A line that says when."""

    @property
    def time(self) -> int:
        """Monotonic ns."""
        ...


Kind = TypeVar("Kind")
AnyTimed = TypeVar("AnyTimed", bound=Timed)


class BadEvidence(ValueError):  # noqa: N818 - what a file says, not an accident of this program
    """A file of a run is missing, cannot be read, or says what cannot be."""

    def __init__(self, path: Path, line: int | None, what: str) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {what}")
        self.path = path
        self.line = line
        self.what = what

    def within(self, folder: Path) -> str:
        """Return it in words, the file named from the run's folder on: `samples/probe.bin: ...`."""
        return str(self).removeprefix(f"{folder}/")


class MissingEvidence(BadEvidence):
    """A file of a run is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, None, "is missing")


class JsonLines:
    """Appends to a .jsonl file, from any thread: each line is one write, whole even after SIGKILL."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def add(self, line: Line) -> None:
        """Append one line; OSError (disk full) is the caller's to report."""
        self._file.write(line.model_dump_json().encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_lines(path: Path, kind: type[Kind], *, may_be_cut: bool = False) -> Iterator[Kind]:
    """Yield the lines of a .jsonl file as a type; BadEvidence names the first that is none.

    A last line that was cut off is left out where it `may_be_cut`: in a drill that was killed. No line
    stands there twice: each has a time in ns, or an id, of its own.
    """
    parse = adapter(kind).validate_json
    *whole, last = read_bytes(path).split(b"\n")
    seen: set[bytes] = set()
    for number, text in enumerate(whole, 1):
        if text in seen:
            raise BadEvidence(path, number, "the same line stands there before")
        seen.add(text)
        try:
            yield parse(text)
        except ValidationError as error:
            raise BadEvidence(path, number, in_evidence(error)) from None
    if last and not may_be_cut:
        raise BadEvidence(path, len(whole) + 1, "is cut off")


def read_sound_lines(path: Path, kind: type[Kind]) -> Iterator[Kind]:
    """Yield the lines that are of a type and leave out the others; none of a file that is not there.

    For who must do what he can with what there is: a judge reads with `read_lines`.
    """
    parse = adapter(kind).validate_json
    for text in path.read_bytes().splitlines() if path.exists() else ():
        try:
            yield parse(text)
        except ValidationError:
            continue


def ascending(path: Path, lines: Iterable[AnyTimed]) -> Iterator[AnyTimed]:
    """Yield the lines of a file whose one writer puts the time into each; BadEvidence where it falls."""
    last = -1
    for number, line in enumerate(lines, 1):
        if line.time <= last:
            raise BadEvidence(path, number, "time: is not after that of the line before it")
        last = line.time
        yield line


def read_whole(path: Path, kind: type[Kind]) -> Kind:
    """Return what a JSON file holds as a type; BadEvidence if it is none."""
    try:
        return adapter(kind).validate_json(read_bytes(path))
    except ValidationError as error:
        raise BadEvidence(path, None, in_evidence(error)) from None


def write_typed(path: Path, value: Any, kind: type[Kind] | None = None) -> None:
    """Write a value as indented JSON, whole or not at all; ValidationError if it is not of its type."""
    known = adapter(kind or type(value))
    text = known.dump_json(value, indent=1)
    known.validate_json(text)
    write_whole(path, text.decode() + "\n")


def read_bytes(path: Path) -> bytes:
    """Return what a file of a run holds; BadEvidence if it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingEvidence(path) from None
    except OSError as error:
        raise BadEvidence(path, None, f"cannot be read: {error.strerror}") from None


def adapter(kind: type[Kind]) -> TypeAdapter[Kind]:
    """Return what checks and writes a type, made once: to make one takes a thousand checks' time."""
    made: TypeAdapter[Kind] = _made(cast("Hashable", kind))
    return made


@cache
def _made(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
