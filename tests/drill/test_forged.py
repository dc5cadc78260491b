"""Faults with forged proofs: they say that they took effect, or are undone, and nothing of it is so.

What finds them is what others saw: the supervisor, the scraper, the prober.
"""

from pathlib import Path
from typing import Any

import pytest
from drills import Drills, reasons
from fault_rows import rows_on

from kubedrill.cluster.handle import present
from kubedrill.cluster.provider import handle_of
from kubedrill.faults.catalogue import faults
from kubedrill.record.cluster import ClusterRecord

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.breaks,
    pytest.mark.torture,
    pytest.mark.timeout(900),
]

FORGED = '''
"""Faults that do nothing, or undo nothing, and say that they did."""

from kubedrill.faults.catalogue import faults
from kubedrill.faults.fault import proof
from kubedrill.faults.processes import pids_of


def forge(name, **forged):
    kind = type("Forged", (faults()[name],), {"__module__": __name__, "tolls": lambda *_: (), **forged})
    kind.name = f"forged.{name}"
    return kind


def inject(self, scene):
    running = scene.handle.components()
    return {"pids": pids_of(scene, [target for target in scene.targets if target in running])}


NOTHING = {
    "inject": inject,
    "did": lambda *_: "nothing",
    "took_effect": lambda *_: proof("forged"),
    "lapse": lambda *_: None,
    "advance": lambda *_: None,
    "unfinished": lambda *_: "",
}
UNDONE = {"undo": lambda *_: None, "undone": lambda *_: proof("forged")}
'''
EVERY = [row for row in rows_on("local") if faults()[row.fault](**row.given).shows()]
OFTEN = {"scraping": {"apiserver": "1s", "controllers": "1s", "etcd": "1s"}}


def names(file: str, forged: list[str]) -> str:
    """Return a file of faults that forges these."""
    made = (f"globals()[{name!r}] = forge({name!r}, **{file})" for name in forged)
    return "\n".join((FORGED, *made, ""))


def not_believed(said: str, fault: str) -> list[str]:
    """Return the reasons that are about what others saw of a fault."""
    lines = [line for line in said.splitlines() if line.startswith(f"forged.{fault} on ")]
    return [line for line in lines if not line.endswith("the phases are not what they say")]


def test_a_forged_effect_is_found_out(cluster: ClusterRecord, drill: Drills, project: Path) -> None:
    """All of them in one drill: they do nothing to each other."""
    able = [
        row for row in EVERY if {*map(str, faults()[row.fault].needs)} <= {*cluster.capabilities}
    ]
    (project / "faults").mkdir()
    forged = names("NOTHING, **UNDONE", [row.fault for row in able])
    (project / "faults" / "forged.py").write_text(forged)
    asked: list[dict[str, Any]] = [{f"forged.{row.fault}": dict(row.given)} for row in able]
    phases = {"warmup": "1s", "baseline": "4s", "fault": "45s", "recovery": "4s"}
    running = drill("forged", {"faults": asked, "phases": phases, **OFTEN})
    code, verdict = running.finish(600)
    said = reasons(verdict)
    assert (code, verdict["verdict"]) == (2, "INVALID"), said
    believed = [row.fault for row in able if not not_believed(said, row.fault)]
    assert believed == [], said


def test_a_forged_undo_is_found_out(cluster: ClusterRecord, drill: Drills, project: Path) -> None:
    (project / "faults").mkdir()
    kills = ["etcd.kill", "kube-scheduler.pause"]
    (project / "faults" / "forged.py").write_text(names("UNDONE", kills))
    asked = [{"forged.etcd.kill": {"member": "b"}}, {"forged.kube-scheduler.pause": {"zone": "b"}}]
    phases = {"warmup": "1s", "baseline": "4s", "fault": "6s", "recovery": "8s"}
    handle = handle_of(cluster)
    try:
        code, verdict = drill("forged", {"faults": asked, "phases": phases, **OFTEN}).finish(600)
    finally:
        present(handle.holding).release("etcd-b")
        present(handle.pausing).proceed("kube-scheduler-b")
    said = reasons(verdict)
    assert (code, verdict["verdict"]) == (2, "INVALID"), said
    for fault in kills:  # whoever is first: who asks the supervisor, or who reads what others saw
        lines = [line for line in said.splitlines() if f"forged.{fault} on " in line]
        assert [line for line in lines if not line.endswith("not what they say")], said
