"""Regression: which runs are meant, and what is known of each; those that prove nothing are left out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kubedrill import judging
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, read_sound_lines, read_whole
from kubedrill.record.machine import Calibration
from kubedrill.record.manifest import read_manifest
from kubedrill.record.timeline import DrillStarted
from kubedrill.record.verdict import Report, Verdict
from kubedrill.words import did_you_mean, shown

OF_SEVERAL = "variants.json"
"""Stands in the folder of a drill that was played in several arms, and in no run's."""


class ProvesNothing(Exception):  # noqa: N818 - a property of a run, not an accident
    """A run cannot be compared; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run that may be compared: its evidence is whole, its verdict is of it, and not INVALID."""

    folder: RunFolder
    report: Report
    started: DrillStarted
    cluster: ClusterRecord
    machine: Calibration

    @property
    def name(self) -> str:
        """As it is told from others: `etcd-member-kill/20260131T120000Z`."""
        return name_of(self.folder.path)


@dataclass(frozen=True, slots=True)
class RunSet:
    """One side: its runs in the order of their names, and those that were left out, with why."""

    asked: str
    runs: tuple[KnownRun, ...]
    unused: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, list[str]]:
        """By key, the values that its runs carry."""
        found: dict[str, set[str]] = {}
        for run in self.runs:
            for key, value in run.started.labels.items():
                found.setdefault(key, set()).add(value)
        return {key: sorted(values) for key, values in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Where:
    """Where runs are looked for that are not named by their folders."""

    reports: Path
    experiment: str = ""
    """Only its runs; those of any if it is empty."""
    baselines: Mapping[str, Sequence[Path]] = field(default_factory=dict)


def name_of(run: Path) -> str:
    """Return a run as messages name it: with the folder that it stands in."""
    return f"{run.parent.name}/{run.name}"


def is_run(path: Path) -> bool:
    """Whether a folder is a single run's."""
    has = (path / name for name in ("ledger.jsonl", "manifest.json"))
    return any(file.is_file() for file in has) and not (path / OF_SEVERAL).is_file()


def folders_of(text: str, where: Where) -> list[Path]:
    """Return the folders of the runs that a side names; NotStarted if it names none, or cannot be told.

    `text` is a list with commas: run folders, folders of runs (also by an experiment's name), names of
    baselines; and labels, KEY=VALUE, which those runs must carry.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    labels = [part for part in parts if "=" in part and not Path(part).exists()]
    places = [part for part in parts if part not in labels]
    found = [run for part in places for run in _runs_at(part, where)] if places else _all(where)
    wanted = {(key, value) for key, _, value in (label.partition("=") for label in labels)}
    carrying = [run for run in dict.fromkeys(found) if wanted <= labels_of(run).items()]
    if not carrying:
        raise NotStarted(_none(text, where, found, wanted))
    return carrying


def _runs_at(part: str, where: Where) -> list[Path]:
    for path in (Path(part), where.reports / part):
        if path.is_dir() and is_run(path):
            return [path.resolve()]
        if path.is_dir() and (path / OF_SEVERAL).is_file():
            arms = ", ".join(sorted(child.name for child in path.iterdir() if _runs_in(child)))
            raise NotStarted(f"{path}: is of several arms: {arms}; name one of them: {path}/ARM")
        if path.is_dir():
            return _runs_in(path)
    if part in where.baselines:
        return _still_there(part, where.baselines[part])
    known = {*where.baselines, *(path.name for path in _folders(where.reports))}
    raise NotStarted(
        f'"{shown(part)}" is no folder of runs, no baseline and no label (KEY=VALUE)'
        f"{did_you_mean(part, known)}"
    )


def _still_there(baseline: str, runs: Sequence[Path]) -> list[Path]:
    for run in runs:
        if not is_run(run):
            raise NotStarted(f"baseline {baseline}: {name_of(run)} is gone; set it again")
    return [*runs]


def _runs_in(folder: Path) -> list[Path]:
    """Return the runs in a folder, oldest first; `latest` is one of them."""
    return [path.resolve() for path in _folders(folder) if is_run(path)]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def _all(where: Where) -> list[Path]:
    """Return all runs of the experiment; of all experiments where none is named."""
    folders = [where.reports / where.experiment] if where.experiment else _folders(where.reports)
    return [run for folder in folders for run in _runs_in(folder)]


def _none(
    text: str, where: Where, looked_at: Sequence[Path], wanted: Collection[tuple[str, str]]
) -> str:
    """Say that a side has no runs, and which labels those carry that were looked at."""
    if not wanted:
        return f"{shown(text)}: no runs are there"
    carried = {f"{key}={value}" for run in looked_at for key, value in labels_of(run).items()}
    near = did_you_mean(next("=".join(label) for label in wanted), carried)
    what = f"of experiment {shown(where.experiment)} " if where.experiment else ""
    return f"{shown(text)}: no run {what}in {where.reports} carries that{near}"


def labels_of(run: Path) -> dict[str, str]:
    """Return the labels with which a run was begun; none where its timeline does not tell."""
    return _started(RunFolder(run)).labels


def _started(folder: RunFolder) -> DrillStarted:
    with suppress(OSError):
        return next(read_sound_lines(folder.timeline, DrillStarted), DrillStarted(time=0))
    return DrillStarted(time=0)


def read_set(asked: str, folders: Iterable[Path]) -> RunSet:
    """Read the runs of a side; those that prove nothing are left out, and named."""
    runs, unused = list[KnownRun](), dict[str, str]()
    for path in folders:
        try:
            runs.append(read_run(RunFolder(path)))
        except ProvesNothing as why:
            unused[name_of(path)] = str(why)
    return RunSet(asked, tuple(runs), unused)


def read_run(folder: RunFolder) -> KnownRun:
    """Read a run by its verdict.json; ProvesNothing says why it cannot be compared, and what would help."""
    for changed in judging.changes(folder):
        raise ProvesNothing(f"its evidence is not what it was: {changed}")
    report = _verdict(folder)
    if report.verdict is Verdict.INVALID:
        raise ProvesNothing(": ".join(["is INVALID", *report.reasons[:1]]))
    try:
        cluster = ClusterRecord.read(folder.cluster)
        machine = read_whole(folder.machine, Calibration)
    except BadEvidence as bad:
        raise ProvesNothing(bad.within(folder.path)) from None
    return KnownRun(folder, report, _started(folder), cluster, machine)


def _verdict(folder: RunFolder) -> Report:
    """Return the verdict of a run; ProvesNothing if it is none, or not of the evidence beside it."""
    anew = f"run: kubedrill judge {folder.path}"
    try:
        report = Report.read(folder.verdict)
    except FileNotFoundError:
        raise ProvesNothing(f"has no verdict.json; {anew}") from None
    except (OSError, ValueError):
        raise ProvesNothing(f"its verdict.json is no verdict; {anew}") from None
    if report.manifest != read_manifest(folder.manifest).sha256:
        raise ProvesNothing(f"its verdict.json is stale, not of the evidence beside it; {anew}")
    return report
