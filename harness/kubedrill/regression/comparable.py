"""Regression: whether two sets of runs may be compared at all, and what the runs recorded that differs."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from statistics import median
from typing import Any

from kubedrill.reading.apart import apart
from kubedrill.reading.problems import dotted
from kubedrill.reading.text import BadText
from kubedrill.reading.yaml_nodes import parse
from kubedrill.regression.found_runs import KnownRun, RunSet
from kubedrill.regression.verdict import RecordedDifference
from kubedrill.words import shown

ALLOWED = ("version", "machine")
"""What may be compared though it differs, if somebody says that it may: who knows that neither measures
otherwise nor is slower. Another experiment, and runs that prove nothing, never may."""

SPEED = 0.1
"""So much may the median of what a core can differ between the sides: on one machine it lies within that."""

LEFT_OUT = 0.25
"""Of a side: what is left of it when more was left out may be what was lucky."""

_SAID = ("title", "why", "claim", "cluster")
"""Of an experiment's file: what says what it is about, and the cluster, whose differences are listed."""
_NAMED = 3
"""More differences than this say no more."""

OfRun = Callable[[KnownRun], Any]


def objections(baseline: RunSet, candidate: RunSet, allowed: Collection[str] = ()) -> Iterator[str]:
    """Yield why two sides cannot be compared, and what would work; each has at least one run."""
    runs = [*baseline.runs, *candidate.runs]
    yield from _otherwise(runs, lambda run: run.report.experiment, "of two experiments")
    yield from _other_text(runs)
    if "version" not in allowed:
        yield from _otherwise(
            runs,
            lambda run: run.started.versions.get("kubedrill", "unknown"),
            "of two versions of kubedrill",
            "play both sides with one; or say --allow version, if both measure alike",
        )
    if "machine" not in allowed:
        yield from _other_machine(baseline, candidate)
    for name, side in (("baseline", baseline), ("candidate", candidate)):
        yield from _mixed(name, side.runs)
        yield from _rest(name, side)


def _otherwise(
    runs: Sequence[KnownRun], what: OfRun, words: str, cure: str = "compare runs of one"
) -> Iterator[str]:
    first = runs[0]
    for run in runs[1:]:
        if what(run) != what(first):
            values = f"{shown(what(first))} ({first.name}), {shown(what(run))} ({run.name})"
            yield f"they are {words}: {values}; {cure}"
            return


def _other_text(runs: Sequence[KnownRun]) -> Iterator[str]:
    """Yield in what the experiments, as they ran, differ; but for what only says what they are about."""
    for run in runs[1:]:
        if keys := other_text(runs[0], run):
            yield (
                f"they are of different experiment files: {keys} ({runs[0].name}, {run.name}); "
                "play the baseline again with the file as it is now"
            )
            return


def other_text(first: KnownRun, other: KnownRun) -> str:
    """Return in what the experiments of two runs differ, as they ran; "" if in nothing that was done."""
    found = islice(apart(_experiment(first), _experiment(other)), _NAMED)
    return "; ".join(f"{dotted(key)}: {shown(a)} against {shown(b)}" for key, a, b in found)


def _experiment(run: KnownRun) -> dict[str, Any]:
    try:
        read = parse(run.folder.experiment_yaml.read_text(encoding="utf-8"))[0]
    except BadText as error:
        return {"": str(error)}
    return {key: value for key, value in read.items() if key not in _SAID}


def _other_machine(baseline: RunSet, candidate: RunSet) -> Iterator[str]:
    cure = "play both sides on one; or say --allow machine, if both do as much"
    runs = [*baseline.runs, *candidate.runs]
    found = [
        *_otherwise(runs, lambda run: run.machine.cpus, "of machines of so many cores", cure),
        *_otherwise(
            runs, lambda run: run.started.host.get("machine"), "of two kinds of machines", cure
        ),
    ]
    if found:
        yield found[0]
        return
    speeds = [median(run.machine.work_cpu_s for run in side.runs) for side in (baseline, candidate)]
    slower = max(speeds) / min(speeds) - 1
    if slower > SPEED:
        which = "candidate" if speeds[1] > speeds[0] else "baseline"
        yield (
            f"the {which}'s machine was slower by {slower:.0%}: a piece of work took "
            f"{1e3 * speeds[0]:.1f} ms of a core at the baseline's, {1e3 * speeds[1]:.1f} ms at the "
            f"candidate's; {cure}"
        )


def _mixed(name: str, runs: Sequence[KnownRun]) -> Iterator[str]:
    """Yield that the runs of a side are not all of the same cluster."""
    for run in runs[1:]:
        for difference in islice(apart(cluster_of(runs[0]), cluster_of(run)), 1):
            key, first, other = difference
            yield (
                f"the {name}'s runs are not of one cluster: {dotted(key)}: {shown(first)} "
                f"({runs[0].name}), {shown(other)} ({run.name}); name those of one"
            )
            return


def _rest(name: str, side: RunSet) -> Iterator[str]:
    every = len(side.runs) + len(side.unused)
    if len(side.unused) > LEFT_OUT * every:
        yield (
            f"of the {name}'s {every} runs {len(side.unused)} prove nothing, and what is left may be what "
            "was lucky: play more, or name the runs that you mean"
        )


def cluster_of(run: KnownRun) -> dict[str, Any]:
    """Return what a run has recorded of its cluster: versions, flags, sizes."""
    record = run.cluster
    return {
        "cluster": record.name,
        "provider": record.provider,
        "zoning": record.zoning,
        "zones": [*record.zones],
        "versions": dict(record.versions),
        **{key: value for key, value in record.settings.items() if key != "versions"},
    }


def _tools_of(run: KnownRun) -> dict[str, Any]:
    host = {key: run.started.host.get(key) for key in ("kernel", "memory_bytes")}
    return {"tools": dict(run.started.versions), "host": host}


def differences(baseline: RunSet, candidate: RunSet) -> list[RecordedDifference]:
    """Return what the first runs of both sides recorded that differs: each side's are alike."""
    before, after = baseline.runs[0], candidate.runs[0]
    found = (
        *apart(cluster_of(before), cluster_of(after)),
        *apart(_tools_of(before), _tools_of(after)),
    )
    return [_told(dotted(key), left, right) for key, left, right in found]


def labels_apart(baseline: RunSet, candidate: RunSet) -> list[RecordedDifference]:
    """Return the labels in which the sides differ."""
    before, after = baseline.labels, candidate.labels
    return [
        _told(key, ", ".join(before.get(key, ["-"])), ", ".join(after.get(key, ["-"])))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]


def _told(what: str, left: object, right: object) -> RecordedDifference:
    return RecordedDifference(what=what, baseline=shown(left), candidate=shown(right))
