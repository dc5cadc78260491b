"""Whether the schedule of a run is that of the experiment file beside it; what is not, in words."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise

from kubedrill.experiment.settled import Seed
from kubedrill.experiment.write import SCALED, as_yaml
from kubedrill.reading.apart import NOTHING, apart
from kubedrill.reading.problems import Location, dotted
from kubedrill.reading.text import BadText
from kubedrill.reading.yaml_nodes import parse
from kubedrill.record.schedule import Schedule
from kubedrill.words import shown

_KEY = re.compile(r"^(?=[A-Za-z_]\w*:)", re.MULTILINE)
"""Where a key of the file's own begins: what is in it is indented, or begins with a dash."""


def differences(text: str, schedule: Schedule) -> Iterator[str]:
    """Yield where `text`, a run's experiment.yaml, and its schedule.json say different things."""
    for before, after in pairwise(schedule.phases):
        if before.end != after.start:
            yield f"phases: {after.name} does not begin where {before.name} ends"
    files = _sections(text), _sections(as_yaml(schedule, Seed()))
    yield from (f"{key}: is in experiment.yaml more than once" for key in _repeated(text))
    for key in dict.fromkeys(chain(*files)):
        written, scheduled = (sections.get(key, "") for sections in files)
        # Only of what is not the same to the letter it is worth the time to look what it says.
        if written != scheduled and key != "seed":
            yield from (
                _scale(written, scheduled) if not key else _in_section(key, written, scheduled)
            )


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
    ran, planned = (_scale_in(text) for text in (written, scheduled))
    if ran != planned:
        yield _not_the_same(("scale",), ran, planned)


def _scale_in(text: str) -> str:
    return text.removeprefix(SCALED).partition(" ")[0] if text.startswith(SCALED) else "1"


def _in_section(key: str, written: str, scheduled: str) -> Iterator[str]:
    try:
        ran, planned = ((parse(text)[0] or {}).get(key, NOTHING) for text in (written, scheduled))
    except BadText as error:
        yield f"{key}: experiment.yaml cannot be read there: {error}"
    else:
        yield from (_not_the_same(*found) for found in apart(ran, planned, (key,)))


def _not_the_same(place: Location, ran: object, planned: object) -> str:
    return (
        f'{dotted(place)}: "{shown(ran)}" in experiment.yaml, "{shown(planned)}" in schedule.json'
    )
