"""What others saw of a fault: where it is not what the fault says of itself, the drill proves nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judged_drill import KILL, JudgedDrill
from judged_scrapes import END, KILLED, UNDOING, UNDONE, at

from kubedrill.record.faults import Witness
from kubedrill.record.verdict import Verdict

FSYNCS_A_SECOND = 100
Change = Callable[[JudgedDrill], None]


@pytest.fixture
def drill() -> JudgedDrill:
    """Return a drill whose objective is not about what is changed here."""
    return JudgedDrill(objectives=[("baseline", "list.p99 < 1s")])


def show(drill: JudgedDrill, *witnesses: Witness, **facts: Any) -> None:
    """Let the fault say what others must see of it, and which processes it hit."""
    for line in drill.faults:
        line["shows"] = witnesses
        if line["event"] == "injected":
            line["facts"] = facts


def reasons(drill: JudgedDrill, tmp_path: Path) -> list[str]:
    report = drill.judged(tmp_path)
    assert (report.verdict is Verdict.INVALID) == bool(report.reasons)
    return [*report.reasons]


def well(component: str, drill: JudgedDrill) -> None:
    """Let a component answer as if nothing had happened to it."""
    for scrape in drill.scrapes.of(component):
        scrape.error = ""
        scrape.values = {"etcd_server_is_leader": 0.0}


def silent(begin: float) -> Change:
    def change(drill: JudgedDrill) -> None:
        for scrape in drill.scrapes.of("etcd-b", begin, END + 1):
            scrape.error = "timeout"

    return change


def no_exits(drill: JudgedDrill) -> None:
    drill.exits = []


def another_process(drill: JudgedDrill) -> None:
    drill.exits[0]["pid"] = 99


def another_component(drill: JudgedDrill) -> None:
    for line in drill.exits:
        line["component"] = "etcd-a"


def too_early(drill: JudgedDrill) -> None:
    drill.exits[0]["time"] = at(KILLED - 3)


def not_started(drill: JudgedDrill) -> None:
    drill.exits = drill.exits[:1]


NO_EXIT = (
    "etcd.kill on etcd-b: exits.jsonl tells of no exit of etcd-b (pid 7) while it was in force"
)
NO_START = "etcd.kill on etcd-b: exits.jsonl tells of no start of etcd-b before it was undone"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (no_exits, NO_EXIT),
        (another_process, NO_EXIT),
        (another_component, NO_EXIT),
        (too_early, NO_EXIT),
        (not_started, NO_START),
    ],
)
def test_a_kill_is_believed_where_its_supervisor_tells_of_it(
    drill: JudgedDrill, tmp_path: Path, change: Change, reason: str
) -> None:
    show(drill, "exits", pids={"etcd-b": 7})
    assert reasons(drill, tmp_path / "well") == []
    change(drill)
    assert reason in reasons(drill, tmp_path)


def test_what_another_fault_still_holds_down_is_not_started(
    drill: JudgedDrill, tmp_path: Path
) -> None:
    show(drill, "exits", pids={"etcd-b": 7})
    drill.exits[1]["time"] = at(25.0)
    assert NO_START in reasons(drill, tmp_path / "alone")
    times = {
        "injecting": 15.0,
        "injected": 15.1,
        "took-effect": 15.2,
        "undoing": 24.0,
        "undone": 26.0,
    }
    drill.scheduled_faults.append(replace(KILL, inject=at(15.0), undo=at(24.0)))
    others = [{**line, "index": 1, "time": at(times[line["event"]])} for line in drill.faults]
    drill.faults += [{**line, "shows": ()} for line in others]
    assert NO_START not in reasons(drill, tmp_path / "with another")


def test_one_that_does_not_say_whom_it_killed_is_not_believed(
    drill: JudgedDrill, tmp_path: Path
) -> None:
    show(drill, "exits")
    assert reasons(drill, tmp_path) == [
        "etcd.kill on etcd-b: it does not tell which processes it hit"
    ]


def test_who_did_not_say_what_shows_is_believed(drill: JudgedDrill, tmp_path: Path) -> None:
    drill.exits = []
    assert reasons(drill, tmp_path) == []


def test_who_is_killed_by_the_kernel_has_exited_unasked(drill: JudgedDrill, tmp_path: Path) -> None:
    show(drill, "killed")
    said = (
        "etcd.kill on etcd-b: exits.jsonl tells of no exit of etcd-b while it was in force: "
        "none with signal 9 that nobody had asked for"
    )
    assert reasons(drill, tmp_path / "asked") == [said]
    drill.exits[0] |= {"asked": False, "by": "itself"}
    assert reasons(drill, tmp_path / "unasked") == []
    drill.exits[0]["status"] = 1
    assert reasons(drill, tmp_path / "by itself") == [said]


def test_who_answers_while_it_is_out_is_not_out(drill: JudgedDrill, tmp_path: Path) -> None:
    show(drill, "silence")
    assert reasons(drill, tmp_path / "well") == []
    well("etcd-b", drill)
    [reason] = reasons(drill, tmp_path)
    assert reason.startswith("etcd.kill on etcd-b: etcd-b answered ")
    assert reason.endswith(" scrapes while it was in force")


def test_who_never_answers_again_is_not_back(drill: JudgedDrill, tmp_path: Path) -> None:
    show(drill, "silence")
    silent(UNDONE)(drill)
    [reason] = reasons(drill, tmp_path)
    assert reason.startswith("etcd.kill on etcd-b: etcd-b answered none of ")
    assert reason.endswith(" scrapes after it was undone")


def test_all_that_is_in_a_zone_is_silent(drill: JudgedDrill, tmp_path: Path) -> None:
    show(drill, "silence")
    for line in drill.faults:
        line["target"] = "zone-b"
    said = reasons(drill, tmp_path)
    assert [line for line in said if "kube-apiserver-b answered" in line], said
    assert not [line for line in said if "etcd-b answered" in line], said


def test_whom_probes_reach_is_not_out(drill: JudgedDrill, tmp_path: Path) -> None:
    show(drill, "silence")
    for line in drill.faults:
        line["target"] = "haproxy"
    [reason] = reasons(drill, tmp_path / "well")
    assert reason.startswith("etcd.kill on haproxy: haproxy answered ")
    assert reason.endswith(" probes while it was in force")
    drill.fail(KILLED, UNDOING, total_s=0.5, path="balancer")
    assert reasons(drill, tmp_path / "silent") == []


def test_a_member_without_peers_is_not_healthy(drill: JudgedDrill, tmp_path: Path) -> None:
    show(drill, "unhealthy")
    assert reasons(drill, tmp_path / "well") == []
    for line in drill.scrapes.health:
        line["etcd"]["b"] = "healthy"
    [reason] = reasons(drill, tmp_path)
    assert reason.startswith("etcd.kill on etcd-b: etcd-b was healthy in ")


def test_who_was_made_to_lead_is_seen_to_lead(drill: JudgedDrill, tmp_path: Path) -> None:
    show(drill, "leads")
    [reason] = reasons(drill, tmp_path / "another")
    assert reason.startswith("etcd.kill on etcd-b: etcd-a led in all ")
    for line in drill.scrapes.health:
        line["leader"] = "b"
    assert reasons(drill, tmp_path) == []


@pytest.mark.parametrize(("cpus", "believed"), [(0.6, True), (0.4, False)])
def test_who_may_have_little_cpu_has_no_more(
    drill: JudgedDrill, tmp_path: Path, cpus: float, believed: bool
) -> None:
    """Each component has half a core."""
    show(drill, "starved")
    drill.scheduled_faults = [replace(KILL, arguments={"cpus": cpus})]
    for line in drill.faults:
        line["target"] = "etcd-a"
    said = reasons(drill, tmp_path)
    assert bool(said) is not believed
    assert all("etcd-a had " in line and " s of CPU in " in line for line in said)


@pytest.mark.parametrize(("throttled", "believed"), [(None, False), (0, False), (3, True)])
def test_who_is_limited_in_its_cpu_is_held_back(
    drill: JudgedDrill, tmp_path: Path, throttled: int | None, believed: bool
) -> None:
    show(drill, "held-back")
    for line in drill.scrapes.resources:
        line["processes"]["etcd-a"]["throttled"] = throttled
    for line in drill.faults:
        line["target"] = "etcd-a"
    said = reasons(drill, tmp_path)
    assert bool(said) is not believed
    assert all("no CPU quota held etcd-a back in " in line for line in said)


@pytest.mark.parametrize(("seconds", "believed"), [(0.0, False), (0.1, True)])
def test_who_has_a_slow_disk_keeps_its_log_late(
    drill: JudgedDrill, tmp_path: Path, seconds: float, believed: bool
) -> None:
    show(drill, "slow")
    fsync = "etcd_disk_wal_fsync_duration_seconds"
    for line in drill.faults:
        line["target"] = "etcd-a"
    for scrape in drill.scrapes.of("etcd-a", -1):
        late = max(0.0, scrape.second - KILLED) * FSYNCS_A_SECOND
        scrape.values[f"{fsync}_sum"] = 0.001 * scrape.values[f"{fsync}_count"] + seconds * late
    said = reasons(drill, tmp_path)
    assert bool(said) is not believed
    assert all("fsyncs of etcd-a's log took 0.001 s on average" in line for line in said)


@pytest.mark.parametrize(
    ("witness", "family"),
    [
        ("defragmented", "etcd_disk_backend_defrag_duration_seconds_count"),
        ("compacted", "etcd_debugging_mvcc_compact_revision"),
    ],
)
def test_what_members_count_grows(
    drill: JudgedDrill, tmp_path: Path, witness: Witness, family: str
) -> None:
    show(drill, witness)
    for line in drill.faults:
        line["target"] = "etcd-a"
    for scrape in drill.scrapes.of("etcd-a"):
        scrape.values[family] = 3.0
    assert reasons(drill, tmp_path / "as before") == [
        f"etcd.kill on etcd-a: {family} of etcd-a is 3 after it, as before"
    ]
    begun = {
        "time": at(KILLED + 0.5),
        "event": "started",
        "pid": 9,
        "component": "etcd-a",
        "by": "fault",
    }
    drill.exits.append(begun)
    assert reasons(drill, tmp_path / "from 0 on") == []
    drill.exits.remove(begun)
    for scrape in drill.scrapes.of("etcd-a", KILLED):
        scrape.values[family] = 4.0
    assert reasons(drill, tmp_path / "grown") == []
