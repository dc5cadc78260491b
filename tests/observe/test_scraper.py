"""The scraper, as its own process, against servers whose behaviour is known."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from json_lines import read_lines

from kubedrill.clock import SECOND, now
from kubedrill.cluster.files import Files
from kubedrill.process.identity import start_of
from kubedrill.record.cluster import Component
from kubedrill.record.files import write_json
from kubedrill.record.ledger import Ledger
from kubedrill.record.schedule import Scraping

pytestmark = pytest.mark.alone

MODULE = "kubedrill.observe.scraper"
QUICK = Scraping(apiserver=0.5, etcd=0.5, controllers=1.0, resources=0.5)
PAGE = b"# HELP up one\nup 1\netcd_server_is_leader 0\n"
LEADS = b"# HELP up one\nup 1\netcd_server_is_leader 1\n"


def pages(reply, page, health=b'{"health":"true","reason":""}', status=200, packed=True):
    """Answer /metrics and /health like an etcd member."""

    def answer(_method, path, _body):
        if path == "/health":
            return reply(health, status)
        if packed:
            return reply(gzip.compress(page), 200, {"Content-Encoding": "gzip"})
        return reply(page)

    return answer


def component(name, server):
    kind, _, zone = name.rpartition("-")
    return Component(name, kind, zone, server.endpoint, metrics=server.endpoint)


def scrapes(folder, name):
    """Return the index's lines of one component, each with its page."""
    lines = [line for line in read_lines(folder.metrics_index) if line["component"] == name]
    for line in lines:
        with (folder.metrics / line["file"]).open("rb") as file:
            file.seek(line["offset"])
            member = file.read(line["bytes"])
        line["page"] = gzip.decompress(member) if line["ok"] else b""
    return lines


@pytest.fixture
def members(server, reply):
    return {
        zone: server(pages(reply, LEADS if zone == "b" else PAGE, packed=zone != "c"))
        for zone in "abc"
    }


@pytest.fixture
def drill(local, members):
    components = tuple(component(f"etcd-{zone}", member) for zone, member in members.items())
    return local(members["a"].endpoint, components)


SKIPPED = "skipped: the scrape before it took too long"


def test_every_scrape_is_kept_raw_at_its_time(drill, members, scheduled) -> None:
    schedule = scheduled(2, scraping=QUICK)
    drill.finish(drill.start(MODULE, schedule))
    for number, zone in enumerate("abc"):
        lines = scrapes(drill.folder, f"etcd-{zone}")
        page = LEADS if zone == "b" else PAGE
        due = [line["time"] - schedule.start - number * SECOND // 20 for line in lines[1:]]
        assert due == [0, SECOND // 2, SECOND, SECOND * 3 // 2, 2 * SECOND]
        # Only a machine that is late by a second leaves one out, and says so.
        late = [line for line in lines if line["error"] == SKIPPED]
        assert all(line["end"] - line["time"] > SECOND for line in late)
        kept = [line for line in lines if line not in late]
        assert kept
        assert {(line["ok"], line["error"], line["page"]) for line in kept} == {(True, "", page)}
        assert all(line["end"] >= line["time"] for line in lines)
        assert all(line["wire_bytes"] > line["bytes"] for line in kept)
        whole = gzip.decompress((drill.folder.metrics / f"etcd-{zone}.prom.gz").read_bytes())
        assert whole == page * len(kept)
        # One kept connection for the metrics, one for the health.
        assert members[zone].accepted == 2


def test_health_and_leader_each_second(drill, scheduled) -> None:
    schedule = scheduled(3, scraping=QUICK)
    drill.finish(drill.start(MODULE, schedule))
    lines = list(read_lines(drill.folder.health))
    # A round that is late by more than a second is left out: it would tell of another time.
    assert 2 <= len(lines) <= 4
    led = scrapes(drill.folder, "etcd-b")[0]["end"]
    for number, line in enumerate(lines):
        assert line["time"] >= schedule.start + number * SECOND
        assert line["took_us"] > 0
        slow = {"timeout"} if line["took_us"] > 800_000 else set()
        assert set(line["etcd"]) == {"a", "b", "c"}
        assert set(line["etcd"].values()) - slow <= {"healthy"}
        assert line["leader"] == "b" or line["time"] < led or slow
    assert "b" in {line["leader"] for line in lines}


def errors(lines, begin, end=2**62):
    """Return the errors of the scrapes that were due, and over, between two times.

    A machine that is late by a second leaves some out: these count where there are no others.
    """
    found = [line["error"] for line in lines if line["time"] > begin and line["end"] < end]
    return [error for error in found if error not in (SKIPPED, "timeout")] or found


def rounds(lines, zone, begin, end=2**62):
    """Return what a member's health was in the rounds that lie between two times.

    A machine that is slow lets some of them take too long: these count where there are no others.
    """
    ends = (line["time"] + line["took_us"] * 1000 for line in lines)
    found = [
        line["etcd"][zone]
        for line, over in zip(lines, ends, strict=True)
        if line["time"] > begin and over < end
    ]
    return [health for health in found if health != "timeout"] or found


def test_what_fails_is_recorded_as_it_failed(server, local, reply, scheduled, wait_for) -> None:
    servers = {
        "etcd-a": server(pages(reply, PAGE)),
        "etcd-b": server(pages(reply, LEADS)),
        "etcd-c": server(pages(reply, PAGE, b'{"health":"false"}', 503)),
        "kube-scheduler-a": server(lambda *_: reply(b"no", 403)),
    }
    drill = local(
        servers["etcd-a"].endpoint,
        tuple(component(name, server) for name, server in servers.items()),
    )
    child = drill.start(MODULE, scheduled(200, scraping=QUICK))
    gone, going = servers["etcd-b"], servers["etcd-a"]

    def told(since, of_a, of_b, leader) -> bool:
        """Whether it is known since then that a member is so, from its health and from its pages."""
        index = list(read_lines(drill.folder.metrics_index))
        for zone, failure in (("a", of_a), ("b", of_b)):
            pages = [line for line in index if line["component"] == f"etcd-{zone}"]
            if errors(pages, since).count(failure if failure != "healthy" else "") < 2:
                return False
        looks = [line for line in read_lines(drill.folder.health) if line["time"] > since]
        healths = {(line["etcd"]["a"], line["etcd"]["b"]) for line in looks}
        return (of_a, of_b) in healths and leader in {line["leader"] for line in looks}

    wait_for(lambda: told(0, "healthy", "healthy", "b"))
    fail = now()
    going.stall()
    gone.refuse()
    failing = now()
    wait_for(lambda: told(failing, "timeout", "refused", None))
    mend = now()
    going.answers()
    gone.listen()
    mended = now()
    wait_for(lambda: told(mended, "healthy", "healthy", "b"))
    child.end()
    drill.finish(child)

    silent = scrapes(drill.folder, "etcd-a")
    ticks = [line["time"] for line in silent[1:-1]]
    assert {later - earlier for earlier, later in pairwise(ticks)} == {SECOND // 2}  # silent or not
    assert set(errors(silent, 0, fail)) == {""}
    assert set(errors(silent, failing, mend)) <= {"timeout", SKIPPED}
    assert silent[-1]["ok"]
    refused = scrapes(drill.folder, "etcd-b")
    assert set(errors(refused, 0, fail)) == {""}
    assert set(errors(refused, failing, mend)) == {"refused"}
    assert set(errors(refused, mended)) == {""}
    assert set(errors(scrapes(drill.folder, "kube-scheduler-a"), 0)) == {"http 403"}
    health = list(read_lines(drill.folder.health))
    for zone, failure in (("a", "timeout"), ("b", "refused")):
        assert set(rounds(health, zone, 0, fail)) == {"healthy"}
        assert set(rounds(health, zone, failing, mend)) == {failure}
        assert set(rounds(health, zone, mended)) == {"healthy"}
    assert set(rounds(health, "c", 0)) == {"unhealthy"}
    assert {line["leader"] for line in health} == {"b", None}


def test_a_scraper_that_was_stopped_leaves_a_hole(drill, scheduled, at) -> None:
    schedule = scheduled(5, scraping=QUICK)
    child = drill.start(MODULE, schedule)
    stop = schedule.start + SECOND * 3 // 2
    _, stopped = at(stop, lambda: stop_whole(child.pid))
    woken, _ = at(stop + 3 * SECOND, lambda: os.kill(child.pid, signal.SIGCONT))
    drill.finish(child)
    for file in (drill.folder.health, drill.folder.resources):
        times = [line["time"] for line in read_lines(file)]
        assert not [time for time in times if stopped < time < woken], "nobody looked then"
        assert times[-1] >= schedule.end
    # What was on its way at that moment has taken too long.
    kept = {line["error"] for line in scrapes(drill.folder, "etcd-a")}
    assert kept - {"timeout"} == {"", SKIPPED}


def stop_whole(pid: int) -> None:
    """Stop a process, and wait until it is: on a busy machine it goes on for a moment."""
    os.kill(pid, signal.SIGSTOP)
    while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.001)


def test_a_leader_is_believed_for_three_rounds(drill, scheduled) -> None:
    schedule = scheduled(6, scraping=Scraping(etcd=6, resources=6))
    drill.finish(drill.start(MODULE, schedule))
    lines = [line for line in read_lines(drill.folder.health) if line["etcd"]["b"] == "healthy"]
    assert len(lines) >= 2
    assert lines[-1]["time"] > schedule.start + 3 * SECOND
    led = scrapes(drill.folder, "etcd-b")[0]["end"]
    assert {line["leader"] for line in lines if line["time"] > led} == {"b"}


def test_a_target_that_restarted_is_not_a_failure(drill, members, scheduled, at) -> None:
    schedule = scheduled(3, scraping=QUICK)
    child = drill.start(MODULE, schedule)
    begin = schedule.start + SECOND * 7 // 10
    restart, restarted = at(begin, lambda: (members["a"].refuse(), members["a"].listen()))
    drill.finish(child)
    lines, health = scrapes(drill.folder, "etcd-a"), list(read_lines(drill.folder.health))
    # Both would go to the connections that were kept.
    assert {*errors(lines, 0, restart), *errors(lines, restarted)} == {""}
    assert {*rounds(health, "a", 0, restart), *rounds(health, "a", restarted)} == {"healthy"}
    assert lines[-1]["ok"]


RUNNING = {"state": "running", "since": 1, "restarts": 0}


def test_resources_follow_the_processes_by_pid_and_start(drill, scheduled, wait_for) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as idle,
    ):
        started = start_of(busy.pid)
        write_json(
            Files(Path(drill.record.folder)).components,
            {
                "components": {
                    "etcd-a": {"pid": busy.pid, "started": started, **RUNNING},
                    "etcd-b": {"pid": idle.pid, "started": started + "5", **RUNNING},
                    "etcd-c": {"pid": None, "started": None, **RUNNING, "state": "held"},
                }
            },
        )
        ledger = Ledger(drill.folder.ledger)
        entry = ledger.intend("process", "faults", ("x", "y"), {})

        def rounds_with(name, process):
            lines = list(read_lines(drill.folder.resources))
            return [line for line in lines if process in line[name]]

        child = drill.start(MODULE, scheduled(60, scraping=QUICK))
        wait_for(lambda: len(rounds_with("processes", "etcd-a")) >= 3)
        unlearnt = len(list(read_lines(drill.folder.resources)))
        assert rounds_with("harness", "faults") == []
        ledger.learn(entry, {"pid": idle.pid, "started": start_of(idle.pid)})
        wait_for(lambda: rounds_with("harness", "faults"))
        busy.kill()
        busy.wait()
        killed = now()
        wait_for(lambda: list(read_lines(drill.folder.resources))[-1]["time"] > killed)
        child.end()
        drill.finish(child)
        idle.kill()
    lines = list(read_lines(drill.folder.resources))
    assert [set(line["processes"]) for line in lines[:unlearnt]] == [{"etcd-a"}] * unlearnt
    assert {tuple(line["processes"]) for line in lines if line["time"] > killed} == {()}
    assert {tuple(line["harness"]) for line in lines[:unlearnt]} == {()}
    assert set(lines[-1]["harness"]) == {"faults"}
    first, last = lines[0], lines[2]
    used, later = first["processes"]["etcd-a"], last["processes"]["etcd-a"]
    assert used["pid"] == busy.pid
    assert 0 < later["cpu_s"] - used["cpu_s"] < (lines[3]["time"] - first["time"]) / SECOND
    assert later["rss_bytes"] > 4 * 2**20
    host, later = lines[0]["host"], lines[-1]["host"]
    busy_s = later["cpu_busy_s"] - host["cpu_busy_s"]
    assert 0 < busy_s <= later["cpu_total_s"] - host["cpu_total_s"] + 0.01
    assert host["memory_available_bytes"] < host["memory_total_bytes"]


def test_end_of_stdin_brings_a_last_scrape(drill, scheduled, at) -> None:
    schedule = scheduled(60, scraping=Scraping(etcd=30, resources=30))
    child = drill.start(MODULE, schedule)
    end, _ = at(schedule.start + SECOND, child.end)
    drill.finish(child)
    assert now() < schedule.start + 30 * SECOND
    for zone in "abc":
        lines = scrapes(drill.folder, f"etcd-{zone}")
        assert [line["ok"] for line in lines] == [True] * 3
        assert lines[-1]["time"] >= end
    assert len(list(read_lines(drill.folder.resources))) == 2


def test_sigkill_leaves_whole_scrapes(drill, scheduled, wait_for) -> None:
    schedule = scheduled(60, scraping=Scraping(etcd=0.01, resources=0.01))
    child = drill.start(MODULE, schedule)
    wait_for(lambda: len(list(read_lines(drill.folder.metrics_index))) > 60)
    child.kill()
    for line in drill.folder.metrics_index.read_text().splitlines():
        json.loads(line)
    assert all(
        line["page"]
        for zone in "abc"
        for line in scrapes(drill.folder, f"etcd-{zone}")
        if line["ok"]
    )
    for line in drill.folder.resources.read_text().splitlines():
        json.loads(line)


def test_end_of_stdin_before_go(drill) -> None:
    child = drill.launch(MODULE)
    child.end()
    drill.finish(child)


def test_a_full_disk_ends_it_with_an_error(drill, scheduled) -> None:
    drill.folder.resources.symlink_to("/dev/full")
    child = drill.start(MODULE, scheduled(60, scraping=QUICK))
    assert child.wait(60) == 1
    assert "No space left on device" in child.log.read_text()
