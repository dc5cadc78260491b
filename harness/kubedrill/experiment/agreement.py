"""Whether the schedule of a run is that of the experiment file beside it; what is not, in words."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from kubedrill.experiment.write import SCALED, as_yaml
from kubedrill.record.problems import Location, dotted
from kubedrill.record.schedule import Schedule
from kubedrill.record.text import BadText
from kubedrill.record.yaml_nodes import parse
from kubedrill.words import shown

_KEY = re.compile(r"^(?=[A-Za-z_]\w*:)", re.MULTILINE)
"""Where a key of the file's own begins: what is in it is indented, or begins with a dash."""
_NOTHING = "nothing"


def differences(text: str, schedule: Schedule) -> Iterator[str]:
    """Yield where `text`, a run's experiment.yaml, and its schedule.json say different things."""
    for before, after in pairwise(schedule.phases):
        if before.end != after.start:
            yield f"phases: {after.name} does not begin where {before.name} ends"
    written, scheduled = _sections(text), _sections(as_yaml(schedule, {}))
    yield from (f"{key}: is in experiment.yaml more than once" for key in _repeated(text))
    for key in dict.fromkeys((*written, *scheduled)):
        one, other = written.get(key, ""), scheduled.get(key, "")
        # Only of what is not the same to the letter it is worth the time to look what it says.
        if one != other and key != "seed":
            yield from _scale(one, other) if not key else _in_section(key, one, other)


def seeded_otherwise(text: str, seeded: Mapping[str, int]) -> str:
    """Return that `text`, a run's experiment.yaml, asks for other seeds than there were; "" if not."""
    try:
        wanted = (parse(_sections(text).get("seed", ""))[0] or {}).get("seed")
    except BadText as error:
        return f"seed: experiment.yaml cannot be read there: {error}"
    asked = (
        {kind: n for kind, n in wanted.items() if n} if isinstance(wanted, dict) else wanted or {}
    )
    made = {kind: n for kind, n in seeded.items() if n}
    if asked == made:
        return ""
    return f'seed: "{shown(asked)}" in experiment.yaml, "{shown(made)}" by what it tells of'


def _sections(text: str) -> dict[str, str]:
    """Return the text of each key of the file; what stands before the first one under ""."""
    first, *sections = _KEY.split(text)
    return {"": first, **{section.partition(":")[0]: section for section in sections}}


def _repeated(text: str) -> Iterator[str]:
    counts = Counter(section.partition(":")[0] for section in _KEY.split(text)[1:])
    return (key for key, count in counts.items() if count > 1)


def _scale(written: str, scheduled: str) -> Iterator[str]:
    one, other = (_scale_in(text) for text in (written, scheduled))
    if one != other:
        yield _not_the_same(("scale",), one, other)


def _scale_in(text: str) -> str:
    return text.removeprefix(SCALED).partition(" ")[0] if text.startswith(SCALED) else "1"


def _in_section(key: str, written: str, scheduled: str) -> Iterator[str]:
    try:
        one, other = ((parse(text)[0] or {}).get(key, _NOTHING) for text in (written, scheduled))
    except BadText as error:
        yield f"{key}: experiment.yaml cannot be read there: {error}"
    else:
        yield from _between((key,), one, other)


def _between(place: Location, one: Any, other: Any) -> Iterator[str]:
    """Yield the differences of two plain values, from the smallest parts of them that differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            yield from _between((*place, key), one.get(key, _NOTHING), other.get(key, _NOTHING))
        if one.keys() == other.keys() and [*one] != [*other]:
            yield _not_the_same(place, ", ".join(one), ", ".join(other))
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield _not_the_same(place, f"{len(one)} of them", f"{len(other)} of them")
        for number in range(max(len(one), len(other))):
            pair = (side[number] if number < len(side) else _NOTHING for side in (one, other))
            yield from _between((*place, number), *pair)
    elif (type(one), one) != (type(other), other):
        yield _not_the_same(place, one, other)


def _not_the_same(place: Location, one: object, other: object) -> str:
    return f'{dotted(place)}: "{shown(one)}" in experiment.yaml, "{shown(other)}" in schedule.json'
