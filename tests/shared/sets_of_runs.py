"""Sets of runs as files, for tests of comparisons: sealed drills that passed, with figures as they are told.

One is written and judged for each set; the others are copies of it, whose verdict.json, which is no
evidence, says other values.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commanding import command
from judged_drill import JudgedDrill
from judged_parts import timeline_events
from judged_scrapes import START

from kubedrill import judging
from kubedrill.clock import SECOND
from kubedrill.record.folder import RunFolder
from kubedrill.record.objective import as_written, parse
from kubedrill.record.timeline import DrillStarted
from kubedrill.record.verdict import ObjectiveResult, Report

STEADY = (1.0, 1.01, 0.99, 1.02, 0.98, 1.015, 0.985, 1.0)
"""What eight runs measured, as multiples of what they should have."""
HOST = {"cpus": 2, "memory_bytes": 4_000_000_000, "kernel": "6.1", "machine": "x86_64"}
P50, P99 = 0.010, 0.020
"""Seconds, of a run that is as it should be."""


@dataclass
class Recorded:
    """What the runs of a set have recorded."""

    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = "0.1.0"
    work_cpu_s: float = 0.024
    cluster: Mapping[str, Any] = field(default_factory=dict)
    """Its settings."""
    drill: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the drill that are not as usual."""

    def write(self, folder: Path) -> RunFolder:
        versions = {"python": "3.11.2", "kubedrill": self.version}
        started = DrillStarted(
            time=START - SECOND, versions=versions, host=HOST, labels=dict(self.labels)
        )
        drill = JudgedDrill(
            events=[started, *timeline_events()[1:]],
            cluster_settings=dict(self.cluster),
            **self.drill,
        )
        drill.scrapes.calibration["work_cpu_s"] = self.work_cpu_s
        return drill.write(folder)


def typed(*words: object) -> "subprocess.CompletedProcess[str]":
    """Type a command in this process, which imports scipy once; what it says stands together in stdout."""
    code, said = command([*map(str, words)])
    return subprocess.CompletedProcess(words, int(str(code)), said, "")


def write_set(
    reports: Path,
    day: int,
    slower: float = 1.0,
    *,
    recorded: Recorded | None = None,
    multiples: Sequence[float] = STEADY,
    others: Mapping[str, float] = {},
    begun: str = "",
) -> list[Path]:
    """Write runs of January's `day`, each so many times as slow; return their folders.

    `others` are values that each run has besides, by the name of the measure; `begun` is when they began, by
    their verdicts.
    """
    first = (recorded or Recorded()).write(reports / "made")
    report = judging.judge(first)
    folders = []
    for number, multiple in enumerate(multiples):
        folder = reports / "kill" / f"202601{day:02}T12000{number}Z"
        shutil.copytree(first.path, folder)
        latency = {"list.p50": P50 * slower * multiple, "list.p99": P99 * slower * multiple}
        told = said(report, latency | dict(others))
        if begun:
            phases = [phase.model_copy(update={"date": begun}) for phase in told.phases]
            told = told.model_copy(update={"phases": phases})
        told.write(RunFolder(folder).verdict)
        folders.append(folder)
    shutil.rmtree(reports / "made")
    return folders


def said(report: Report, values: Mapping[str, float]) -> Report:
    """Return a verdict with other values, in each phase, by the name of the measure."""

    def objective(result: ObjectiveResult) -> ObjectiveResult:
        name = as_written(parse(result.text))
        return result.model_copy(update={"value": values[name]}) if name in values else result

    load = [
        row.model_copy(
            update={
                "latency_s": {
                    name: values.get(f"{row.name}.{name}", value)
                    for name, value in row.latency_s.items()
                }
            }
        )
        for row in report.load
    ]
    objectives = [objective(result) for result in report.objectives]
    return report.model_copy(update={"load": load, "objectives": objectives})
