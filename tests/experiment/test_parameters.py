"""Arguments against a JSON Schema, whatever of it a model of parameters may come to use."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from kubedrill.experiment.parameters import check_parameters
from kubedrill.reading.problems import Problems, Source


class Inner(BaseModel):
    depth: int = Field(ge=1)


class Parameters(BaseModel):
    count: int = 1
    mode: Literal["on", "0"] = "on"
    either: Annotated[int, Field(ge=3)] | None = None
    inner: Inner | None = None
    name: Annotated[str, Field(pattern="^[a-z]+$", max_length=5)] = "a"


def said(schema: dict[str, Any], given: dict[str, Any]) -> list[str]:
    problems = Problems(Source(Path("x.yaml"), {}))
    check_parameters(given, schema, "load", ("with",), problems)
    return [words for _, words in problems.found]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"count": 1.0}, "load: count must be a whole number, not the number 1.0"),
        ({"count": True}, "load: count must be a whole number, not true"),
        ({"mode": 0}, 'load: mode must be text: write "0" with the quotes, not the number 0'),
        ({"mode": "off"}, 'load: mode cannot be the text "off"; known: 0, on'),
        ({"either": "x"}, 'load: either must be a whole number or nothing, not the text "x"'),
        ({"either": 2}, "load: either must be at least 3, not 2"),
        ({"inner": {"depth": 0}}, "load: inner must be at least 1, not 0"),
        ({"inner": 5}, "load: inner must be a mapping (key: value) or nothing, not the number 5"),
        ({"name": "A"}, 'load: name must match ^[a-z]+$, not the text "A"'),
        ({"name": "abcdef"}, "load: name is refused: 'abcdef' is too long"),
        ({"name": 5}, "load: name must be text, in quotes, not the number 5"),
        ({"name": True}, "load: name must be text, in quotes, not true"),
        ({"cuont": 5}, 'load has no parameter "cuont"; did you mean "count"?'),
    ],
)
def test_what_is_wrong(given: dict[str, Any], words: str) -> None:
    assert said(Parameters.model_json_schema(), given) == [words]


def test_what_is_right() -> None:
    right = {"count": 3, "mode": "0", "either": None, "inner": {"depth": 2}, "name": "abc"}
    assert said(Parameters.model_json_schema(), right) == []
