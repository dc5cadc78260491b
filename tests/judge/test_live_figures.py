"""The figures of a running drill, from files as they grow, and the conditions that abort it."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from json_lines import JsonLines
from judged_drill import JudgedDrill
from judged_scrapes import START, at

from kubedrill.clock import SECOND
from kubedrill.judge import live
from kubedrill.judge.aborting import AbortWatch, Held
from kubedrill.judge.arriving import without
from kubedrill.judge.live import Tail
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.folder import RunFolder
from kubedrill.record.live import LiveFigures, LiveLoad
from kubedrill.record.sample import Outcome, Records
from kubedrill.record.schedule import Probing, Schedule
from kubedrill.record.watched import Host, ResourceLook, Usage

FRESH = {"path": "balancer", "connection": "fresh", "level": "prober"}


class Running:
    """A drill whose files grow up to a second of it, which is then now."""

    def __init__(self, reports: Path, drill: JudgedDrill, patch: pytest.MonkeyPatch) -> None:
        self._drill, self._patch, self._upto = drill, patch, 0.0
        whole = drill.write(reports / "whole")
        self.folder = RunFolder.create(reports, "growing")
        self.schedule = Schedule.read(whole.schedule)
        for name in ("load-list.json", "probe.json"):
            (self.folder.samples / name).write_bytes((whole.samples / name).read_bytes())
        self._lines = {
            self.folder.health: drill.scrapes.health,
            self.folder.faults: drill.faults,
            self.folder.samples / "load-list.workers.jsonl": drill.vitals,
        }

    def grow(self, second: float) -> None:
        """Append what is written up to a second: records once answered."""
        for name, records in {"load-list": self._drill.load, "probe": self._drill.probes}.items():
            with (self.folder.samples / f"{name}.bin").open("ab") as file:
                file.write(records[self._new(_told(records), second)].tobytes())
        for path, lines in self._lines.items():
            growing = JsonLines(path)
            for line in lines:
                if self._new(np.array(line["time"]), second):
                    growing.add(line)
            growing.close()
        self._upto = second
        self._patch.setattr(live, "now", lambda: at(second))

    def _new(self, times: np.ndarray, second: float) -> Any:
        return (times >= at(self._upto)) & (times < at(second))


def _told(records: Records) -> np.ndarray:
    return records["intended"].astype(np.int64) + records["total_us"].astype(np.int64) * 1000


@pytest.fixture
def running(drill: JudgedDrill, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Running:
    lists = drill.lists(12, 14)
    drill.load["outcome"][lists], drill.load["total_us"][lists] = 503, 1_000
    drill.fail(12, 16, **FRESH, verb="write")
    return Running(tmp_path, drill, monkeypatch)


def test_figures_are_of_the_last_five_settled_seconds(running: Running) -> None:
    tail = Tail(running.folder, running.schedule)
    running.grow(9.0)
    figures = tail.poll()
    assert (figures.time, figures.phase, figures.phase_left_s) == (at(9), "baseline", 1.0)
    [load] = figures.loads.values()
    assert (load.offered, load.achieved, load.p99_s) == (100.0, 100.0, 0.02), (
        "pages are no arrivals"
    )
    assert (figures.reads, figures.writes) == (1.0, 1.0)
    assert (figures.leader, set(figures.members.values())) == ("b", {"healthy"})
    assert figures.lag_s == 0.001
    assert figures.faults == ()


def test_they_follow_the_files(running: Running) -> None:
    tail = Tail(running.folder, running.schedule)
    for second in (2.0, 8.5, 12.0):
        running.grow(second)
        tail.poll()
    running.grow(17.0)
    figures = tail.poll()  # over 11..16 s, of probes 10.5..15.5 s
    [load] = figures.loads.values()
    assert (load.offered, load.achieved) == (100.0, 60.0)
    assert load.p99_s == 0.02, "a quick failure is no quick answer"
    assert (figures.reads, figures.writes) == (1.0, pytest.approx(0.3))
    assert figures.faults == ("etcd.kill on etcd-b",)
    assert (figures.leader, figures.members["b"]) == ("a", "refused")
    running.grow(25.0)
    later = tail.poll()
    assert (later.phase, later.faults, later.writes) == ("recovery", (), 1.0)


def test_before_anything_was_written(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    (running.folder.samples / "probe.json").unlink()
    monkeypatch.setattr(live, "now", lambda: START - SECOND)
    figures = Tail(running.folder, running.schedule).poll()
    assert (figures.phase, figures.reads, figures.writes, figures.leader) == (None,) * 4
    assert figures.loads["list"].p99_s is None


def test_a_record_half_written_is_read_when_it_is_whole(running: Running) -> None:
    running.grow(9.0)
    path = running.folder.samples / "load-list.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    tail = Tail(running.folder, running.schedule)
    before = tail.poll().loads["list"].offered
    path.write_bytes(whole)
    assert before == tail.poll().loads["list"].offered == 100.0


@pytest.mark.parametrize("outcome", [Outcome.CUT, Outcome.REFUSED])
def test_what_was_due_is_offered_whatever_came_of_it(
    drill: JudgedDrill, tmp_path, monkeypatch, outcome: int
) -> None:
    drill.load["outcome"] = outcome
    running = Running(tmp_path, drill, monkeypatch)
    running.grow(9.0)
    [load] = Tail(running.folder, running.schedule).poll().loads.values()
    assert (load.offered, load.achieved, load.p99_s) == (100.0, 0.0, None)


def test_requests_that_hang_are_offered(drill: JudgedDrill, tmp_path, monkeypatch) -> None:
    drill.load["total_us"] = 20_000_000
    running = Running(tmp_path, drill, monkeypatch)
    tail = Tail(running.folder, running.schedule)
    for second in (2.0, 9.0, 15.0):
        running.grow(second)
        [load] = tail.poll().loads.values()
        assert (load.offered, load.achieved) == (100.0, 0.0)


@pytest.mark.parametrize(
    ("timeout_s", "errors"),
    [({}, (0.0, None)), ({"timeout_s": 4.0}, (0.0, 1.0))],  # nobody has recorded that they are lost
)
def test_what_hangs_lasts_so_far_and_has_failed_after_its_timeout(
    drill: JudgedDrill, tmp_path, monkeypatch, timeout_s: dict[str, float], errors: Any
) -> None:
    drill.loaded = {"parameters": {"resource": "pods", **timeout_s}}
    drill.load = drill.load[drill.load["intended"] < at(10)]
    running = Running(tmp_path, drill, monkeypatch)
    tail = Tail(running.folder, running.schedule)
    # At 20 s, those of 10 s on have hung for 9 s: the window ends a second ago.
    for second, p99, error_rate in zip((10.5, 20.0), (0.02, 9.0), errors, strict=True):
        running.grow(second)
        [load] = tail.poll().loads.values()
        assert load.offered == 100.0
        assert load.p99_s == pytest.approx(p99, abs=0.2), "one in a hundred is younger"
        assert load.error_rate == error_rate


def test_what_has_hung_into_the_window_tells_what_became_of_it(
    drill: JudgedDrill, tmp_path, monkeypatch
) -> None:
    hung = drill.lists(5, 6)
    drill.load["total_us"][hung], drill.load["outcome"][hung] = 10_000_000, Outcome.TIMEOUT
    running = Running(tmp_path, drill, monkeypatch)
    tail = Tail(running.folder, running.schedule)
    running.grow(18.5)  # over 12.5..17.5 s
    [load] = tail.poll().loads.values()
    assert (load.offered, load.achieved, load.p99_s) == (100.0, 100.0, 10.0)
    assert load.error_rate == pytest.approx(100 / 600)
    running.grow(25.0)
    [load] = tail.poll().loads.values()
    assert (load.p99_s, load.error_rate) == (0.02, 0.0)


def test_of_several_at_one_time_as_many_are_pending_as_have_no_record() -> None:
    dues = np.array([1, 1, 1, 2, 3, 3])
    assert without(dues, np.array([1, 1, 3, 4])).tolist() == [1, 2, 3]
    assert without(dues, np.array([], np.int64)).tolist() == dues.tolist()
    assert without(np.array([], np.int64), np.array([1])).tolist() == []


def test_of_a_closed_loop_what_was_answered_is_offered(running: Running) -> None:
    running.grow(9.0)
    loads = (replace(running.schedule.loads[0], arrivals=Arrivals.closed(5)),)
    [load] = Tail(running.folder, replace(running.schedule, loads=loads)).poll().loads.values()
    assert load.offered == 100.0


def test_probes_that_hang_have_failed_after_their_deadline(tmp_path, monkeypatch) -> None:
    drill = JudgedDrill(probing=Probing(deadline=10.0))
    drill.fail(10, 30, total_s=10.0, **FRESH, verb="write")
    running = Running(tmp_path, drill, monkeypatch)
    tail = Tail(running.folder, running.schedule)
    shares = []
    for second in (19.0, 23.0, 29.0):
        running.grow(second)
        figures = tail.poll()
        shares.append(figures.writes)
        assert figures.reads == 1.0
    assert shares == [1.0, pytest.approx(0.5, abs=0.05), 0.0]


def test_probes_that_are_not_there_have_failed(drill: JudgedDrill, tmp_path, monkeypatch) -> None:
    drill.probes = drill.probes[drill.probes["intended"] < at(12)]
    running = Running(tmp_path, drill, monkeypatch)
    tail = Tail(running.folder, running.schedule)
    running.grow(13.0)
    assert tail.poll().reads == 1.0
    running.grow(16.0)
    assert tail.poll().reads == pytest.approx(0.5, abs=0.05)
    running.grow(25.0)
    assert tail.poll().reads == 0.0


def test_a_prober_that_never_wrote_is_no_answer(running: Running) -> None:
    (running.folder.samples / "probe.json").unlink()
    running.grow(9.0)
    figures = Tail(running.folder, running.schedule).poll()
    assert (figures.reads, figures.writes) == (0.0, 0.0)


Looks = list[tuple[float, float | None, float | None]]


@pytest.mark.parametrize(
    ("condition", "looks", "aborts"),
    [
        ("availability < 50% for 3s", [(1, 1, 1), (5, 1, 1)], False),
        ("availability < 50% for 3s", [(1, 0.4, 1), (3.9, 0.4, 1)], False),
        ("availability < 50% for 3s", [(1, 0.4, 1), (4, 0.4, 1)], True),
        ("availability < 50% for 3s", [(1, 1, 0.4), (2, 0.4, 1), (4, 1, 0.4)], True),
        ("availability < 50% for 3s", [(1, 0.4, 1), (3, 0.5, 1), (4, 0.4, 1)], False),
        ("availability < 50% for 3s", [(1, 0.4, 1), (3, None, None), (4, 0.4, 1)], True),
        ("availability < 50% for 3s", [(1, 0.4, 1), (4, None, None)], False),
        ("availability < 50% for 3s", [(1, None, None), (9, None, None)], False),
        ("availability.reads < 50% for 3s", [(1, 1, 0), (9, 1, 0)], False),
        ("availability.writes < 50% for 3s", [(1, 1, 0), (9, 1, 0)], True),
    ],
)
def test_a_condition_must_hold_for_its_time(
    running: Running, condition: str, looks: Looks, aborts: bool
) -> None:
    schedule = Schedule.from_dict({**running.schedule.as_dict(), "abort": [condition]})
    watch = AbortWatch(schedule)
    told = [
        watch.check(LiveFigures(at(second), "fault", 1.0, reads=reads, writes=writes))
        for second, reads, writes in looks
    ]
    assert told[:-1] == [None] * (len(looks) - 1)
    last = at(looks[-1][0])
    assert told[-1] == (Held(condition, last) if aborts else None)


def test_where_nobody_is_answered_no_latency_is_long_enough(running: Running) -> None:
    watch = AbortWatch(guarded(running, "list.p99 > 9s for 3s"))
    refused = LiveFigures(at(1), "fault", 1.0, loads={"list": LiveLoad(10, 0, None, 1.0)})
    assert watch.check(refused) is None
    assert watch.check(replace(refused, time=at(4))) is not None


PRESSED = {"loads": {"list": LiveLoad(10, 0, None)}}
"""Requests that have not ended, of which it is not known whether they will."""
IDLE = {"loads": {"list": LiveLoad(0, 0, None)}}
KNOWN = {"upto": {"etcd.fsync.p99": at(29)}}


@pytest.mark.parametrize(
    ("condition", "figures", "series"),
    [
        ("nodes.not_ready > 0 for 3s", {}, "nodes.not_ready"),
        ("etcd.healthy_members < 2 for 3s", {}, "etcd.healthy_members"),
        # The last answer is too old.
        (
            "etcd.healthy_members < 2 for 3s",
            {"members": {"a": "healthy", "b": "healthy"}, "upto": {"etcd.healthy_members": at(-9)}},
            "etcd.healthy_members",
        ),
        ("etcd.fsync.p99 > 1s for 3s", {}, "etcd.fsync.p99"),
        ("etcd.fsync.p99 > 1s for 3s", KNOWN, ""),  # nothing was synced: that is known
        ("list.p99 > 1s for 3s", PRESSED, "list.p99"),
        ("list.error_rate > 1% for 3s", PRESSED, "list.error_rate"),
        ("list.error_rate > 1% for 3s", IDLE, ""),
        ("availability < 50% for 3s", {"reads": 1.0}, ""),
    ],
)
def test_a_guard_that_sees_nothing_for_30_s_is_none(
    running: Running, condition: str, figures: Any, series: str
) -> None:
    watch = AbortWatch(guarded(running, condition))
    said = [
        watch.unwatched(LiveFigures(at(second), phase, 1.0, **figures))
        for second, phase in ((-60, None), (0, "fault"), (29.9, "fault"), (30, "fault"))
    ]
    assert said[:-1] == ["", "", ""]
    assert said[-1].startswith(f"{condition}: {series} was unknown for 30s" if series else "")
    assert bool(said[-1]) == bool(series)
    assert watch.unwatched(LiveFigures(at(90), None, 0.0)) == "", "the last phase is over"


def test_no_condition_never_aborts(running: Running) -> None:
    assert AbortWatch(running.schedule).check(LiveFigures(at(1), "fault", 1.0, writes=0.0)) is None


@pytest.mark.parametrize(
    ("condition", "well", "worse"),
    [
        (
            "etcd.healthy_members < 2 for 3s",
            {"members": {"a": "healthy", "b": "healthy", "c": "refused"}},
            {"members": {"a": "healthy", "b": "timeout", "c": "refused"}},
        ),
        (
            "apiserver.rss > 3GB for 3s",
            {"rss": {"kube-apiserver": 2.9e9, "etcd": 4e9}},
            {"rss": {"kube-apiserver": 3.1e9}},
        ),
        ("etcd.fsync.p99 > 1s for 3s", {"fsync_p99_s": 0.9}, {"fsync_p99_s": 1.1}),
        ("nodes.not_ready > 2 for 3s", {"not_ready": 2.0}, {"not_ready": 3.0}),
        (
            "objects.pods > 20 for 3s",
            {"objects": {"pods": 20.0, "secrets": 99.0}},
            {"objects": {"pods": 21.0}},
        ),
        (
            "list.p99 > 2s for 3s",
            {"loads": {"list": LiveLoad(10, 10, 1.9)}},
            {"loads": {"list": LiveLoad(10, 10, 2.1)}},
        ),
        (
            "list.error_rate > 10% for 3s",
            {"loads": {"list": LiveLoad(10, 10, 1.9, 0.1)}},
            {"loads": {"list": LiveLoad(10, 10, 1.9, 0.11)}},
        ),
    ],
)
def test_what_else_is_known_live_ends_a_drill(
    drill: JudgedDrill, tmp_path: Path, condition: str, well: Any, worse: Any
) -> None:
    schedule = replace(Schedule.read(drill.write(tmp_path).schedule), abort=(condition,))
    nothing = LiveFigures(time=at(1), phase="fault", phase_left_s=9)
    watch = AbortWatch(schedule)
    looks = [(1, {}), (2, well), (3, worse), (5.9, worse), (6, worse)]
    said = [watch.check(replace(nothing, time=at(second), **figures)) for second, figures in looks]
    assert said == [None, None, None, None, Held(condition, at(6))]


def test_the_errors_and_the_memory_of_a_drill_are_followed(running: Running) -> None:
    running.folder.resources.write_text(
        ResourceLook(
            time=at(8),
            host=HOST,
            processes={
                "etcd-a": Usage(pid=1, cpu_s=1.0, rss_bytes=100),
                "etcd-b": Usage(pid=2, cpu_s=1.0, rss_bytes=300),
                "kube-apiserver-a": Usage(pid=3, cpu_s=1.0, rss_bytes=200),
            },
            harness={},
        ).model_dump_json()
        + "\n"
    )
    tail = Tail(running.folder, running.schedule)
    running.grow(9.0)
    before = tail.poll()
    assert (before.rss["etcd"], before.rss["kube-apiserver"]) == (300.0, 200.0)
    assert before.loads["list"].error_rate == 0.0
    running.grow(17.0)
    later = tail.poll()
    assert later.loads["list"].error_rate == pytest.approx(0.4)
    assert later.healthy_members == 2.0


HOST = Host(
    cpu_busy_s=1.0,
    cpu_total_s=2.0,
    steal_s=0.0,
    iowait_s=0.0,
    memory_available_bytes=1,
    memory_total_bytes=2,
)


def guarded(running: Running, condition: str) -> Schedule:
    return replace(running.schedule, abort=(condition,))


def test_how_long_logs_took_to_sync_lately_is_followed(running: Running) -> None:
    pages = Pages(running.folder)
    tail = Tail(running.folder, guarded(running, "etcd.fsync.p99 > 1s for 3s"))
    assert tail.poll().fsync_p99_s is None
    for second in range(1, 9):
        for member in "abc":
            pages.add(f"etcd-{member}", second, quick=100 * second, slow=0)
    running.grow(9)
    figures = tail.poll()
    assert figures.fsync_p99_s == pytest.approx(0.00792)
    assert figures.upto["etcd.fsync.p99"] == at(8.01)
    # Of one member, from now on two in a hundred take up to 4 s: 1 of 60 of all.
    for second in range(9, 14):
        pages.add("etcd-a", second, quick=98 * second, slow=5 * (second - 8))
        pages.add("etcd-b", second, quick=100 * second, slow=0)
    running.grow(14)
    worse = tail.poll().fsync_p99_s
    assert worse is not None
    assert worse > 1
    # A member that was started again counts from 0 on; that is no time that anything took.
    for second in range(14, 22):
        pages.add("etcd-a", second, quick=100 * (second - 13), slow=0)
    running.grow(22)
    assert tail.poll().fsync_p99_s == pytest.approx(0.00792)


def test_where_nobody_asks_pages_are_not_read(running: Running) -> None:
    pages = Pages(running.folder)
    pages.add("etcd-a", 1, quick=1, slow=0)
    pages.add("etcd-a", 2, quick=100, slow=0)
    running.grow(3)
    assert Tail(running.folder, running.schedule).poll().fsync_p99_s is None


def test_nodes_that_are_not_ready_are_followed(running: Running) -> None:
    tail = Tail(running.folder, guarded(running, "nodes.not_ready > 0 for 3s"))
    lines = JsonLines(running.folder.nodes)
    look = {"took_us": 1000, "nodes": 2, "not_ready": ["n-1"], "error": ""}
    lines.add({"time": at(1), **look})
    figures = tail.poll()
    assert (figures.not_ready, figures.upto["nodes.not_ready"]) == (1.0, at(1.001))
    lines.add({"time": at(2), **look, "nodes": 0, "not_ready": [], "error": "timeout"})
    assert tail.poll().not_ready is None, "nobody knows"
    lines.close()


@pytest.mark.parametrize(
    ("condition", "begins_to_be_known"),
    [
        ("availability < 50% for 3s", at(20) - SECOND // 2),
        ("list.p99 > 1s for 3s", at(20) - SECOND),
    ],
)
def test_the_sample_that_decides_is_told(
    running: Running, condition: str, begins_to_be_known: int
) -> None:
    watch = AbortWatch(guarded(running, condition))
    running.grow(20)
    figures = Tail(running.folder, running.schedule).poll()
    worse = replace(figures, writes=0.0, loads={"list": LiveLoad(10, 10, 5.0)})
    watch.check(replace(worse, time=at(16)))
    assert watch.check(worse) == Held(condition, begins_to_be_known)


class Pages:
    """What etcd's members say of their fsyncs, as the scraper keeps it."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder

    def add(self, component: str, second: float, quick: int, slow: int) -> None:
        """Add a page: so many synced within 8 ms, and so many more within 4 s."""
        name = "etcd_disk_wal_fsync_duration_seconds_bucket"
        counts = {"0.008": quick, "4": quick + slow, "+Inf": quick + slow}
        text = "".join(f'{name}{{le="{le}"}} {count}\n' for le, count in counts.items())
        path = self._folder.metrics / f"{component}.prom.gz"
        offset = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            packed = gzip.compress(text.encode())
            file.write(packed)
        line = {"time": at(second), "end": at(second + 0.01), "component": component, "ok": True}
        line |= {"error": "", "file": path.name, "offset": offset}
        index = JsonLines(self._folder.metrics_index)
        index.add({**line, "bytes": len(packed), "wire_bytes": len(packed)})
        index.close()
