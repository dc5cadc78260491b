"""Drills on a cluster that kind makes: `make test-kind` plays them, where a container engine is up."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from drills import Drills, objective, reasons
from every_provider import kind_file

from kubedrill import cluster as stage
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not os.environ.get("TESTS_KIND"), reason="played by make test-kind"),
]
NAME = "kind-ha"


@pytest.fixture(scope="module")
def kind_ha(state: Path) -> Iterator[ClusterRecord]:
    file = kind_file()
    yield stage.up(stage.load_definition(file), NAME)
    stage.down(NAME)


@pytest.fixture
def on_kind(kind_ha: ClusterRecord, project: Path, drill: Drills) -> Iterator[Drills]:
    """Start drills on it; nothing of them is in force afterwards."""
    file = project / "clusters" / f"{NAME}.yaml"
    file.unlink()
    shutil.copy(kind_file(), file)

    def start(name: str, changes: dict[str, object], *arguments: str, **how: object):
        return drill(name, changes, "--cluster", NAME, *arguments, **how)

    yield start  # type: ignore[misc]
    handle = handle_of(kind_ha)
    assert handle.in_force() == ()
    assert {found.state for found in handle.components().values()} == {"running"}


def test_a_member_is_killed_and_comes_back(on_kind: Drills) -> None:
    asked = [
        "eventually(etcd.healthy_members == 2) within 20s",
        "etcd.elections <= 1",
        "consistency == 0",
    ]
    changes = {
        "phases": {"baseline": "5s", "fault": "30s", "recovery": "30s"},
        "faults": [{"etcd.kill": {"member": "leader"}}],
        "slos": {
            "baseline": ["probe.failed == 0", "list.error_rate == 0%"],
            "fault": asked,
            "recovery": ["eventually(etcd.healthy_members == 3) within 20s"],
        },
    }
    code, verdict = on_kind("member", changes).finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    [fault] = verdict["faults"]
    assert fault["took_effect"]
    assert fault["undone"]


def test_a_zone_is_lost_and_comes_back(on_kind: Drills) -> None:
    changes = {
        "phases": {"baseline": "5s", "fault": "30s", "recovery": "90s"},
        "faults": [{"zone.lose": {"zone": "leader"}}],
        "slos": {
            "fault": ["unavailable.longest < 20s", "consistency == 0"],
            "recovery": ["eventually(etcd.healthy_members == 3) within 40s", "consistency == 0"],
        },
    }
    code, verdict = on_kind("zone", changes).finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert 0 < objective(verdict, "unavailable.longest < 20s")["value"] < 20


def test_nodes_are_not_ready_and_come_back(on_kind: Drills) -> None:
    changes = {
        "load": [],
        "fleet": {"nodes": 12},
        "phases": {"baseline": "5s", "fault": "40s", "recovery": "30s"},
        "headroom": "none",
        "faults": [{"node.not_ready": {"percent": 25, "how": "reported"}}],
        "slos": {
            "fault": ["eventually(nodes.not_ready == 3) within 20s", "nodes.false_not_ready == 0"],
            "recovery": ["eventually(nodes.not_ready == 0) within 25s"],
        },
    }
    code, verdict = on_kind("nodes", changes).finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
