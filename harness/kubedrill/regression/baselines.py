"""Regression: baselines kept by name: `baselines.json` in the reports folder, with relative paths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from kubedrill.errors import NotStarted
from kubedrill.record.lines import (
    BadEvidence,
    Line,
    MissingEvidence,
    of_schema,
    read_whole,
    write_typed,
)
from kubedrill.regression.found_runs import Where, folders_of, read_set
from kubedrill.words import did_you_mean, shown, why_not

SCHEMA_VERSION = 1


class KeptBaseline(Line):
    """Runs to compare with."""

    experiment: str
    runs: tuple[str, ...]
    """Their folders, from the reports folder on."""


class Baselines(Line):
    """`baselines.json`."""

    schema_version: Annotated[int, of_schema(SCHEMA_VERSION)] = SCHEMA_VERSION
    baselines: dict[str, KeptBaseline] = Field(default_factory=dict)


def file_of(reports: Path) -> Path:
    """Return where they are kept."""
    return reports / "baselines.json"


def read_baselines(reports: Path) -> Baselines:
    """Read them; none where there is no file. NotStarted if it is none of ours."""
    try:
        return read_whole(file_of(reports), Baselines)
    except MissingEvidence:
        return Baselines()
    except BadEvidence as bad:
        raise NotStarted(f"{bad}; remove it, and set the baselines again") from None


def folders_by_name(reports: Path) -> dict[str, list[Path]]:
    """Return the run folders of each baseline; NotStarted names one that is gone."""
    return {
        name: [(reports / run).resolve() for run in kept.runs]
        for name, kept in read_baselines(reports).baselines.items()
    }


def set_baseline(name: str, texts: Sequence[str], reports: Path) -> KeptBaseline:
    """Keep runs by a name, instead of those that it had; NotStarted if one of them is no use."""
    if "=" in name or "," in name or "/" in name or not name.strip():
        raise NotStarted(f'"{shown(name)}" is no name of a baseline; write release-2.4')
    if (reports / name).is_dir():
        raise NotStarted(
            f"{reports / name}: is a folder of runs, which this name would mean; choose another"
        )
    known = read_baselines(reports)
    folders = folders_of(",".join(texts), Where(reports))
    found = read_set(name, folders)
    for run, why in found.unused.items():
        raise NotStarted(f"{run}: cannot be of a baseline: {why}")
    experiments = sorted({run.report.experiment for run in found.runs})
    if len(experiments) > 1:
        raise NotStarted(
            f"a baseline is of one experiment, and these are of {', '.join(experiments)}"
        )
    runs = tuple(_below(folder, reports) for folder in folders)
    kept = KeptBaseline(experiment=experiments[0], runs=runs)
    _write(reports, {**known.baselines, name: kept})
    return kept


def remove_baseline(name: str, reports: Path) -> None:
    """Forget a name; its runs stay. NotStarted if there is none of that name."""
    check_known(name, reports)
    known = dict(read_baselines(reports).baselines)
    del known[name]
    _write(reports, known)


def _below(folder: Path, reports: Path) -> str:
    try:
        return folder.relative_to(reports.resolve()).as_posix()
    except ValueError:
        raise NotStarted(
            f"{folder}: is not in {reports}, where a baseline's runs stand; copy it there, or name its "
            "reports folder with --reports"
        ) from None


def check_known(name: str, reports: Path) -> None:
    """Raise NotStarted for a name that no baseline has."""
    known = read_baselines(reports).baselines
    if name not in known:
        near = did_you_mean(name, known) or "; set it: kubedrill baseline set"
        raise NotStarted(f'unknown baseline "{shown(name)}"{near}')


def _write(reports: Path, baselines: dict[str, KeptBaseline]) -> None:
    made = Baselines(baselines=dict(sorted(baselines.items())))
    if why := why_not(lambda: write_typed(file_of(reports), made)):
        raise NotStarted(f"{file_of(reports)}: cannot be written: {why}")
