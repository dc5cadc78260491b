"""An experiment file that was read, and is not checked against what there is: its form, and what it names."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kubedrill.experiment.activities import sound_actions
from kubedrill.experiment.schema import ExperimentFile
from kubedrill.reading.override import Override
from kubedrill.reading.partly import as_far_as_sound
from kubedrill.reading.problems import Location, Problems, Source
from kubedrill.reading.yaml import load
from kubedrill.record.catalogue import Named

Part = TypeVar("Part")
Times = Mapping[str, tuple[float, float]]
"""Start and end of each phase, in seconds from the drill's start."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The file as far as it is sound."""

    folder: Path
    """The file's."""
    file: ExperimentFile
    """None stands where something is wrong or missing, whatever the types say."""
    whole: bool
    """Whether it does nowhere."""
    problems: Problems
    """What is wrong so far."""

    @property
    def named(self) -> Named:
        """What only the stages can say more of."""
        return Named(
            cluster=self.file.cluster_name,
            changes=self.file.cluster_changes,
            loads={
                index: (part.profile, part.parameters or {})
                for index, part in sound(self.file.load)
                if part.profile is not None
            },
            actions=sound_actions([entry for _, entry in sound(self.file.faults)]),
        )

    @property
    def times(self) -> Times:
        """When the phases are; (0, inf) for all of them if a length is not one."""
        times: dict[str, tuple[float, float]] = {}
        start = 0.0
        for name, length in (self.file.phases or {}).items():
            if length is None:
                return dict.fromkeys(self.file.phases, (0.0, math.inf))
            times[name] = (start, start + length)
            start += length
        return times


def load_file(
    path: Path, overrides: Sequence[str | Override] = ()
) -> tuple[dict[str, Any], Source]:
    """Read an experiment file, each override applied, and check nothing of it; errors as of `load`."""
    short: Mapping[Location, str] = {("cluster",): "name"}
    return load(path, ExperimentFile, overrides, closed=[("phases",)], short=short)


def open_file(path: Path, overrides: Sequence[str | Override] = ()) -> Draft:
    """Read an experiment file, with each `key=value` of `overrides` (`--set`) applied.

    Raises BadFile, NotStarted if only a `--set` is wrong, where it is no experiment at all.
    """
    value, source = load_file(path, overrides)
    problems = Problems(source)
    file, whole = as_far_as_sound(value, ExperimentFile, problems)
    return Draft(path.parent, file, whole, problems)


def sound(parts: Iterable[Part] | None) -> Iterator[tuple[int, Part]]:
    """Yield the sound parts of a list of the file, each with its position."""
    for index, part in enumerate(parts or ()):
        if part is not None:
            yield index, part
