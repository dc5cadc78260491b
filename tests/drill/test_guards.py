"""A guard that has tripped interrupts the fault in force within 2 s of the sample that decided."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from drills import Drills, objective, reasons
from thinned import thinned

from kubedrill.client.caller import Caller
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Ledger
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.alone]

LONG = {"warmup": "1s", "baseline": "4s", "fault": "100s", "recovery": "3s"}
REACTION_S = 2.0
NODE = "guarded"


@contextmanager
def silent_node(cluster: ClusterRecord) -> Iterator[None]:
    """Let there be a node for which no kubelet speaks, as long as this block lasts."""
    with closing(Caller(*identity_target(cluster, "admin"))) as api:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
        assert api.call("POST", "/api/v1/nodes", node).status == 201
        try:
            yield
        finally:
            assert api.call("DELETE", f"/api/v1/nodes/{NODE}").status == 200


GUARDS = (
    "etcd.healthy_members < 3 for 1s",
    # These hold from the beginning on: until the fault is in force.
    "nodes.not_ready > 0 for 12s",
    "apiserver.rss > 50MB for 12s",
    "etcd.fsync.p99 > 1us for 12s",
)


@pytest.mark.parametrize("guard", thinned(GUARDS, keep_one_in=3))
def test_a_guard_ends_the_fault_at_once(guard: str, cluster: ClusterRecord, drill: Drills) -> None:
    faults = [{"etcd.kill": {"member": "leader"}, "at": "1s"}]
    slos = {"baseline": ["break_glass.availability == 100%"]}
    changes = {"faults": faults, "phases": LONG, "abort": [guard], "slos": slos}
    running = drill("guarded", changes)
    running.wait_for_phase("baseline")
    with silent_node(cluster):
        code, verdict = running.finish()
    assert code in {1, 2}, reasons(verdict)  # the machine may make it INVALID besides
    assert verdict["aborted"] == guard
    assert guard in reasons(verdict)
    assert 0 < verdict["abort_reaction_s"] <= REACTION_S
    [fault] = verdict["faults"]
    assert fault["undone"], reasons(verdict)
    assert Ledger(running.folder.ledger).open_entries() == []
    got_in = objective(verdict, "break_glass.availability == 100%")
    assert got_in["verdict"] == "PASS", got_in
    phases = {told["phase"]: told for told in verdict["break_glass"]}
    assert phases["fault"]["locked_out_s"] is not None


def test_a_guard_sees_requests_that_hang(drill: Drills) -> None:
    guard = "list.p99 > 3s for 1s"
    faults = [{"load-balancer.pause": {}, "at": "1s"}]
    slos = {"baseline": ["break_glass.availability == 100%"]}
    changes = {"faults": faults, "phases": LONG, "abort": [guard], "slos": slos}
    _, verdict = drill("hanging", changes).finish()
    assert verdict["aborted"] == guard, reasons(verdict)
    begun, undone = verdict["abort_reaction_s"], verdict["abort_undone_s"]
    assert 0 < begun <= REACTION_S
    assert begun < undone
    [fault] = verdict["faults"]
    assert fault["undone"], reasons(verdict)


def test_a_guard_that_sees_nothing_ends_the_drill(drill: Drills) -> None:
    guard = "etcd.healthy_members < 3 for 1s"
    running = drill("blind", {"phases": LONG, "abort": [guard]})
    running.wait_for_phase("baseline")
    [scraper] = [
        entry.process
        for entry in Ledger(running.folder.ledger).entries()
        if entry.name == "scraper" and entry.process
    ]
    os.kill(scraper[0], signal.SIGSTOP)
    code, verdict = running.finish()
    assert (code, verdict["verdict"], verdict["aborted"]) == (2, "INVALID", "")
    why = f"{guard}: etcd.healthy_members was unknown for 30s"
    assert why in reasons(verdict)
