"""What is sound of a file beside what is not."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, model_validator

from kubedrill.reading.partly import as_far_as_sound
from kubedrill.reading.problems import Problems, Source
from kubedrill.reading.types import Part, Period


class Load(Part):
    profile: str
    name: str = Field(alias="as")
    every: Period = 1.0
    phases: tuple[str, ...] = ()
    alone: bool = True

    @model_validator(mode="after")
    def _not_both(self) -> "Load":
        if self.alone and len(self.phases) > 2:
            raise ValueError("not both")
        return self


class Drill(Part):
    title: str
    load: Annotated[tuple[Load, ...], Field(max_length=2)] = ()
    phases: dict[str, Period]
    main: Load | None = None


LOAD = {"profile": "p", "as": "l", "every": "2s"}
GOOD: dict[str, Any] = {"title": "t", "load": [LOAD], "phases": {"a": "1s", "b": "250ms"}}


def read(changes: dict[str, Any]) -> tuple[Drill, bool, list[str]]:
    problems = Problems(Source(Path("x.yaml"), {}))
    value = {key: item for key, item in (GOOD | changes).items() if item is not ...}
    drill, whole = as_far_as_sound(value, Drill, problems)
    return drill, whole, [words for _, words in problems.found]


def test_a_sound_one_is_whole() -> None:
    drill, whole, said = read({})
    assert (whole, said) == (True, [])
    assert drill.load == (Load.model_validate({"profile": "p", "as": "l", "every": 2.0}),)
    assert drill.phases == {"a": 1.0, "b": 0.25}


@pytest.mark.parametrize(
    ("changes", "said", "sound"),
    [
        ({"title": 5}, "title must be text, not the number 5", lambda d: d.title is None),
        ({"title": ...}, 'missing key "title"', lambda d: d.title is None),
        (
            {"odd": 1},
            'unknown key "odd"; known: load, main, phases, title',
            lambda d: d.title == "t",
        ),
        (
            {"phases": {"a": "1s", "b": 2}},
            "phases.b: 2 has no unit; write 2s",
            lambda d: d.phases == {"a": 1.0, "b": None},
        ),
        (
            {"load": [LOAD, 5]},
            "load[1] must be a mapping (key: value), not the number 5",
            lambda d: d.load[0].every == 2.0 and d.load[1] is None,
        ),
        (
            {"load": [LOAD | {"every": "x"}]},
            'load[0].every: "x" is not a duration: 250ms, 10s, 1m30s',
            lambda d: (d.load[0].every, d.load[0].name, d.load[0].phases) == (None, "l", ()),
        ),
        (
            {"load": [{"profile": "p"}]},
            'missing key "as" in load[0]',
            lambda d: (d.load[0].name, d.load[0].profile) == (None, "p"),
        ),
        (
            {"load": [LOAD | {"phases": ["a", 3]}]},
            "load[0].phases[1] must be text, not the number 3",
            lambda d: d.load[0].phases == ("a", None),
        ),
        ({"load": {}}, "load must be a list, not a mapping", lambda d: d.load is None),
        (
            {"load": [LOAD] * 3},
            "load must have at most 2 in it, not 3",
            lambda d: [load.name for load in d.load] == ["l"] * 3,
        ),
        (
            {"main": LOAD | {"phases": ["a", "b", "c"]}},
            "main: not both",
            lambda d: (d.main.name, d.main.phases) == ("l", ("a", "b", "c")),
        ),
        (
            {"main": LOAD | {"profile": []}},
            "main.profile must be text, not a list",
            lambda d: (d.main.name, d.main.profile) == ("l", None),
        ),
    ],
)
def test_none_stands_where_something_is_wrong(
    changes: dict[str, Any], said: str, sound: Any
) -> None:
    drill, whole, found = read(changes)
    assert found == [said]
    assert not whole
    assert sound(drill)
