"""docs/experiment-file.md says the bounds of every number, rate, length and text of an experiment file."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import annotated_types
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kubedrill.experiment.schema import ExperimentFile
from kubedrill.reading.types import Between

PAGE = Path(__file__).resolve().parents[2] / "docs" / "experiment-file.md"
SECTION = PAGE.read_text("utf-8").partition("\n### Bounds\n")[2].partition("\n## ")[0]
TABLE = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", SECTION, re.MULTILINE)

Row = tuple[str, str, str]
"""Key, least, most."""


def rows(annotation: Any, metadata: Any, key: str) -> Iterator[Row]:
    """Yield the bounds of a type and of what it is made of."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from rows(inner, (*metadata, *more), key)
        return
    least, most = (
        list(bounds(annotation, metadata, _LEAST)),
        list(bounds(annotation, metadata, _MOST)),
    )
    if least or most:
        yield key, *(least or ["none"]), *(most or ["none"])
    for part, step in parts(annotation):
        yield from rows(part, (), f"{key}{step}")
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            below = f"{key}.{field.alias or name}".removeprefix(".")
            yield from rows(field.annotation, field.metadata, below)


_LEAST = (annotated_types.Ge, annotated_types.Gt, annotated_types.MinLen)
_MOST = (annotated_types.Le, annotated_types.MaxLen)


def bounds(annotation: Any, metadata: Any, side: tuple[type, ...]) -> Iterator[str]:
    """Yield the least, or the most, that a type takes, as people write it."""
    for constraint in metadata:
        match constraint:
            case FieldInfo():
                yield from bounds(annotation, constraint.metadata, side)
            case Between():
                yield constraint.lowest if side is _LEAST else constraint.highest
            case annotated_types.Gt() if side is _LEAST:
                yield f"more than {constraint.gt}"
            case annotated_types.MinLen() | annotated_types.MaxLen() if isinstance(
                constraint, side
            ):
                length = getattr(constraint, "min_length", None) or getattr(
                    constraint, "max_length", None
                )
                yield f"{length:,} {'characters' if annotation is str else 'in it'}"
            case _ if isinstance(constraint, side):
                yield f"{int(getattr(constraint, 'ge', None) or getattr(constraint, 'le', 0)):,}"


def parts(annotation: Any) -> list[tuple[Any, str]]:
    inner = get_args(annotation)
    match get_origin(annotation):
        case origin if origin is tuple:
            if ... in inner:
                return [(inner[0], "[]")]
            return [(inner_type, f"[{number}]") for number, inner_type in enumerate(inner)]
        case origin if origin is dict:
            return [(inner[0], " (its names)"), (inner[1], ".*")]
        case origin if origin in {Union, UnionType}:
            return [(inner_type, "") for inner_type in inner]
    return []


WANTED = list(dict.fromkeys(rows(ExperimentFile, (), "")))


@pytest.mark.parametrize("row", WANTED, ids=lambda row: row[0])
def test_every_bound_is_on_the_page(row: Row) -> None:
    assert row in TABLE


def test_the_page_has_no_others() -> None:
    assert [row for row in TABLE if row not in WANTED] == []
    assert len(TABLE) > 30
