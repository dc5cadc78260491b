"""What is made of the experiments that were shipped with an earlier version: expanded, planned, scheduled.

`kept.tar.xz` has these experiments, and beside each what that version made of it.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from kept import changed, unpack

from kubedrill.catalogue import read_experiment
from kubedrill.clock import ClockPair
from kubedrill.experiment import expand, plan, schedule

TOP = Path(__file__).resolve().parents[2]
KEPT = (
    "etcd-member-kill",
    "full-list-ladder",
    "json-or-protobuf",
    "list-informers",
    "list-modes",
    "namespace-flood",
    "namespace-ladder",
    "pollers-or-informers",
    "secret-flood",
)
ON_PURPOSE = {
    "plan.targets": "the components are named, though the cluster is not up",
    "plan.capabilities": "operations of the cluster's handle, no longer words of their own",
    "schedule.faults.slows_disks": "whether the disk may be slow for it, so that the machine is not blamed",
    "plan.faults.needs": "the same, and there may be several",
}
"""Places at which something else is said than by that version, and what."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiments of that version, beside today's clusters and profiles."""
    folder = tmp_path_factory.mktemp("kept")
    unpack(Path(__file__).parent / "kept.tar.xz", folder / "experiments")
    for name in ("clusters", "loadprofiles"):
        (folder / name).symlink_to(TOP / name)
    return folder


def intended(file: Path) -> dict[str, Any]:
    """Return what today's version makes of an experiment."""
    experiment, catalogue = read_experiment(file)
    scheduled = schedule(experiment, file.stem, "run", ClockPair(1, 2, "boot"), 0)
    said = {
        "expand": expand(experiment, catalogue, "RUN"),
        "plan": plan(experiment, catalogue).as_dict(),
        "schedule": scheduled.as_dict(),
    }
    return dict(json.loads(json.dumps(said)))  # lists, as in the files


@pytest.mark.parametrize("name", KEPT)
def test_it_means_what_it_meant(name: str, project: Path) -> None:
    file = project / "experiments" / f"{name}.yaml"
    before = json.loads(file.with_suffix(".json").read_text())
    now = intended(file)
    found = [
        difference
        for part in before
        for difference in changed(before[part], now[part], part)
        if re.sub(r"\[\d+\]", "", difference.partition(":")[0]) not in ON_PURPOSE
    ]
    assert found == []
