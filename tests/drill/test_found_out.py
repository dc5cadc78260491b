"""The tester is tested: every broken drill is found out, on the real control plane, with its reason."""

import os
import re
import signal
import time

import pytest
from drills import Drills, RunningDrill, objective, reasons
from json_lines import read_lines
from thinned import thinned

from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Ledger

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

LONG = {"warmup": "1s", "baseline": "2s", "fault": "100s", "recovery": "3s"}
ETCD_KILL = {  # of a member by name: on a busy machine there are moments in which none leads
    "faults": [{"etcd.kill": {"member": "a"}}],
    "phases": {"warmup": "1s", "baseline": "2s", "fault": "4s", "recovery": "3s"},
}


def test_a_kill_that_hits_nothing_is_invalid(cluster: ClusterRecord, drill: Drills) -> None:
    handle = handle_of(cluster)
    running = drill("hits-nothing", ETCD_KILL)
    running.wait_for_phase("fault")

    running.wait_for("a held member", lambda: handle.components()["etcd-a"].state == "held")
    handle.holding.release("etcd-a")
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    # Whichever of the two proofs comes first: it answered again, or it was not held to the end.
    assert re.search(
        r"etcd\.kill on etcd-a: .*("
        r"etcd-a answered: the process was replaced, the kill hit nothing that lasted|"
        r"etcd-a was running again \d+\.\d s after the kill: it did not last)",
        reasons(verdict),
    ), reasons(verdict)


def test_locust_stopped_for_5_s_is_invalid(cluster: ClusterRecord, drill: Drills) -> None:
    running = drill("locust-stopped", {"phases": {"warmup": "1s", "baseline": "9s"}})
    running.wait_for_phase("baseline")
    running.signal_child("load-list", signal.SIGSTOP)
    time.sleep(5)
    running.signal_child("load-list", signal.SIGCONT)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert "late" in reasons(verdict)


@pytest.mark.parametrize("role", thinned(["prober", "load-list"], keep_one_in=2))
def test_a_killed_process_of_the_drill_ends_it_and_makes_it_invalid(
    role: str, cluster: ClusterRecord, drill: Drills
) -> None:
    """At once: of the 10 minutes that its fault would last nothing is left."""
    phases = LONG | {"fault": "600s"}
    running = drill(f"killed-{role}", ETCD_KILL | {"phases": phases})
    running.wait_for_phase("fault")
    running.wait_for("the fault's effect", lambda: took_effect(running))
    running.signal_child(role, signal.SIGKILL)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert f"the drill failed: {role} ended with -9" in reasons(verdict)
    assert Ledger(running.folder.ledger).open_entries() == []


def test_a_silent_scrape_target_is_invalid_for_what_needs_it(
    cluster: ClusterRecord, drill: Drills
) -> None:
    slos = {"baseline": ["scheduler.rss < 10GiB", "etcd.fsync.p99 < 10s", "list.p99 < 5s"]}
    phases = {"warmup": "1s", "baseline": "4s", "fault": "1s"}
    running = drill("silent-target", {"slos": slos, "phases": phases})
    running.wait_for_phase("warmup")
    handle = handle_of(cluster)
    pid = handle.components()["etcd-c"].pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        running.wait_for_phase("fault")
    finally:
        os.kill(pid, signal.SIGCONT)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    silent = objective(verdict, "etcd.fsync.p99 < 10s")
    assert silent["verdict"] == "INVALID"
    assert "etcd-c" in silent["reason"]
    assert objective(verdict, "scheduler.rss < 10GiB")["verdict"] == "PASS"


def test_a_phase_without_samples_is_invalid(cluster: ClusterRecord, drill: Drills) -> None:
    load = [{"profile": "mass-list", "as": "list", "rate": "0.2/s", "with": {"resource": "pods"}}]
    phases = {"baseline": "3s", "blink": "1s"}
    changes = {"load": load, "phases": phases, "slos": {"blink": ["list.p99 < 5s"]}}
    code, verdict = drill("no-samples", changes).finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert "no sample" in objective(verdict, "list.p99 < 5s")["reason"]


@pytest.mark.alone
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_a_balancer_stopped_for_3_s_is_measured_and_fails(
    cluster: ClusterRecord, drill: Drills
) -> None:
    slos = {"baseline": ["unavailable.longest < 1s"]}
    running = drill(
        "balancer-stopped", {"slos": slos, "phases": {"warmup": "1s", "baseline": "7s"}}
    )
    running.wait_for_phase("baseline")
    time.sleep(1)
    pid = handle_of(cluster).components()["haproxy"].pid
    assert pid
    begin = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(3.0)
    os.kill(pid, signal.SIGCONT)
    stopped_s = time.monotonic() - begin
    code, verdict = running.finish()
    outage = objective(verdict, "unavailable.longest < 1s")
    assert outage["value"] == pytest.approx(stopped_s, abs=0.2)
    assert outage["verdict"] == "FAIL"
    assert (code, verdict["verdict"]) == (1, "FAIL"), reasons(verdict)


@pytest.mark.torture
@pytest.mark.alone
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_two_members_killed_is_an_outage_of_writes_as_long_as_the_fault(
    cluster: ClusterRecord, drill: Drills
) -> None:
    faults = [{"etcd.kill": {"member": ["a", "b"], "allow_quorum_loss": True}}]
    slos = {"fault": ["availability.writes >= 95%"]}
    phases = {"warmup": "1s", "baseline": "3s", "fault": "6s", "recovery": "6s"}
    code, verdict = drill(
        "quorum-lost", {"faults": faults, "slos": slos, "phases": phases}
    ).finish()
    assert (code, verdict["verdict"]) == (1, "FAIL"), reasons(verdict)
    [fault] = verdict["faults"]
    lasted_s = (fault["undone_at"] - fault["injected_at"]) / 1e9
    writes = [row for row in verdict["availability"] if row["verb"] == "write"]
    longest_s = max(row["longest_outage_s"] for row in writes)
    assert longest_s == pytest.approx(lasted_s, abs=2)


@pytest.mark.torture
@pytest.mark.alone
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_the_same_drill_without_its_fault_has_no_failed_probe(
    cluster: ClusterRecord, drill: Drills
) -> None:
    slos = {phase: ["probe.failed == 0"] for phase in ("baseline", "fault", "recovery")}
    code, verdict = drill("no-fault", {"slos": slos, "phases": ETCD_KILL["phases"]}).finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    judged = [part["failed"] for part in verdict["availability"] if part["phase"] in slos]
    assert judged
    assert sum(judged) == 0


def test_a_drill_whose_faults_process_dies_ends_and_mends_at_once(
    cluster: ClusterRecord, drill: Drills
) -> None:
    running = drill("no-faults-process", ETCD_KILL | {"phases": LONG})
    running.wait_for_phase("fault")
    running.wait_for("the fault's effect", lambda: took_effect(running))
    running.signal_child("faults", signal.SIGKILL)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert "the drill failed: faults ended with -9" in reasons(verdict)
    assert Ledger(running.folder.ledger).open_entries() == []
    assert all(
        component.state == "running" for component in handle_of(cluster).components().values()
    )


def took_effect(running: RunningDrill) -> bool:
    if not running.folder.faults.exists():
        return False
    return any(line["event"] == "took-effect" for line in read_lines(running.folder.faults))


def test_a_member_that_is_let_go_and_held_again_is_invalid(
    cluster: ClusterRecord, drill: Drills
) -> None:
    phases = ETCD_KILL["phases"] | {"fault": "12s"}
    running = drill("let-go", ETCD_KILL | {"phases": phases})
    running.wait_for_phase("fault")
    running.wait_for("the fault's effect", lambda: took_effect(running))
    handle = handle_of(cluster)
    handle.holding.release("etcd-a")
    handle.holding.hold("etcd-a")
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert re.search(r"etcd-a was .* \d+\.\d s after the kill.*: it did not last", reasons(verdict))


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
@pytest.mark.parametrize("asks", thinned([True, False], keep_one_in=2))
def test_another_component_that_is_killed_by_hand_is_named(
    asks: bool, cluster: ClusterRecord, drill: Drills
) -> None:
    """Whether or not an objective asks: then it fails."""
    asked = "collateral == 0"
    slos = {"slos": {"fault": [asked] if asks else ["availability >= 1%"]}}
    phases = ETCD_KILL["phases"] | {"fault": "15s"}
    running = drill("beside", ETCD_KILL | slos | {"phases": phases}, page=True)
    running.wait_for_phase("fault")
    running.wait_for("the fault's effect", lambda: took_effect(running))
    pid = handle_of(cluster).components()["kube-scheduler-b"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _, verdict = running.finish()
    words = "kube-scheduler-b exited (signal 9); nobody had asked for it, and no fault announces it"
    assert words in [change["words"] for change in verdict["collateral"]]
    assert words in (running.folder.path / "report.html").read_text()
    if asks:
        assert objective(verdict, asked)["verdict"] == "FAIL", reasons(verdict)
    told = read_lines(running.folder.surrounding)
    assert [(look["when"], look["error"]) for look in told] == [("before", ""), ("after", "")]
