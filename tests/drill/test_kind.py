"""Drills on a cluster that kind makes: `make test-kind` plays them, where a container engine is up."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from drills import Drills, objective, reasons
from every_provider import kind_file
from fault_rows import Row, rows_on

from kubedrill import cluster as stage
from kubedrill.cluster.provider import handle_of
from kubedrill.faults.catalogue import faults
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.limited import described
from kubedrill.faults.overlap import refusal
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not os.environ.get("TESTS_KIND"), reason="played by make test-kind"),
]
NAME = "kind-ha"
SEEN_S = 60.0


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


@pytest.mark.parametrize("row", [pytest.param(row, id=row.fault) for row in rows_on("kind")])
def test_what_only_nodes_of_its_own_have_is_taken_out_and_comes_back(
    kind_ha: ClusterRecord, tmp_path: Path, row: Row
) -> None:
    kind, folder = faults()[row.fault], RunFolder.create(tmp_path, "kubelet")
    for words, given in row.refused.items():
        assert words in refusal(kind.model_validate(given), described(kind_ha))
    kind_ha.write(folder.cluster)
    with closing(row.observer(kind_ha)) as observer:
        targets = inject(row.fault, row.given, str(folder.path))["targets"]
        until(lambda: all(map(observer.hit, targets)), "it is out")
        assert undo(row.fault, str(folder.path))["targets"] == targets
        until(lambda: all(map(observer.well, targets)), "it works again")
    assert Ledger(folder.ledger).open_entries() == []


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + SEEN_S
    while not holds():
        assert time.monotonic() < end, f"not within {SEEN_S:g} s: {what}"
        time.sleep(0.1)


def test_a_node_whose_kubelet_is_stopped_is_not_ready_until_it_is_back(on_kind: Drills) -> None:
    changes = {
        "load": [],
        "phases": {"baseline": "5s", "fault": "75s", "recovery": "20s"},
        "headroom": "none",
        "faults": [{"kubelet.stop": {"zone": "random"}}],
        "slos": {
            "fault": [
                "eventually(nodes.not_ready == 1) within 70s",
                "consistency == 0",
                "collateral == 0",
            ],
            "recovery": ["eventually(nodes.not_ready == 0) within 15s", "collateral == 0"],
        },
    }
    code, verdict = on_kind("kubelet", changes).finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
