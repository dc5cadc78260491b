"""The scraper, as its own process, against servers whose behaviour is known."""

import gzip
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from kubedrill.record.clock import SECOND
from kubedrill.record.cluster import Component
from kubedrill.record.files import read_lines, write_json
from kubedrill.record.ledger import Ledger
from kubedrill.record.schedule import Scraping

MODULE = "kubedrill.observe.scraper"
QUICK = Scraping(apiserver_s=0.5, etcd_s=0.5, controllers_s=1.0, resources_s=0.5)
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
    lines = [one for one in read_lines(folder.metrics_index) if one["component"] == name]
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
    components = tuple(component(f"etcd-{zone}", one) for zone, one in members.items())
    return local(members["a"].endpoint, components)


def test_every_scrape_is_kept_raw_at_its_time(drill, members, scheduled) -> None:
    schedule = scheduled(2, scraping=QUICK)
    drill.finish(drill.start(MODULE, schedule))
    for number, zone in enumerate("abc"):
        lines = scrapes(drill.folder, f"etcd-{zone}")
        page = LEADS if zone == "b" else PAGE
        assert [(one["ok"], one["error"], one["page"]) for one in lines] == [(True, "", page)] * 6
        due = [one["time"] - schedule.start - number * SECOND // 20 for one in lines[1:]]
        assert due == [0, SECOND // 2, SECOND, SECOND * 3 // 2, 2 * SECOND]
        assert lines[0]["time"] < schedule.start
        assert all(0 <= one["end"] - one["time"] < SECOND // 2 for one in lines)
        assert all(one["wire_bytes"] > one["bytes"] for one in lines)
        whole = gzip.decompress((drill.folder.metrics / f"etcd-{zone}.prom.gz").read_bytes())
        assert whole == page * 6
        # One kept connection for the metrics, one for the health.
        assert members[zone].accepted == 2


def test_health_and_leader_each_second(drill, scheduled) -> None:
    schedule = scheduled(3, scraping=QUICK)
    drill.finish(drill.start(MODULE, schedule))
    lines = list(read_lines(drill.folder.health))
    assert len(lines) == 4
    for number, line in enumerate(lines):
        assert 0 <= line["time"] - schedule.start - number * SECOND < SECOND // 2
        assert line["etcd"] == {"a": "healthy", "b": "healthy", "c": "healthy"}
        assert line["leader"] == "b"
        assert 0 < line["took_us"] < 500_000


def test_what_fails_is_recorded_as_it_failed(server, local, reply, scheduled, until) -> None:
    servers = {
        "etcd-a": server(pages(reply, PAGE)),
        "etcd-b": server(pages(reply, LEADS)),
        "etcd-c": server(pages(reply, PAGE, b'{"health":"false"}', 503)),
        "kube-scheduler-a": server(lambda *_: reply(b"no", 403)),
    }
    drill = local(
        servers["etcd-a"].endpoint, tuple(component(name, one) for name, one in servers.items())
    )
    schedule = scheduled(7, scraping=QUICK)
    child = drill.start(MODULE, schedule)
    until(schedule.start + SECOND * 7 // 10)
    servers["etcd-a"].stall()
    servers["etcd-b"].refuse()
    until(schedule.start + SECOND * 595 // 100)
    servers["etcd-a"].answers()
    servers["etcd-b"].listen()
    drill.finish(child)

    silent = scrapes(drill.folder, "etcd-a")
    assert len(silent) == 1 + 14 + 1  # a line for every tick, silent or not
    errors = {one["error"] for one in silent}
    assert errors == {"", "timeout", "skipped: the scrape before it took too long"}
    assert silent[-1]["ok"]
    gone = scrapes(drill.folder, "etcd-b")
    assert [one["error"] for one in gone] == ["", "", "", *["refused"] * 10, "", "", ""]
    assert {one["error"] for one in scrapes(drill.folder, "kube-scheduler-a")} == {"http 403"}
    health = list(read_lines(drill.folder.health))
    assert [one["etcd"]["a"] for one in health] == ["healthy", *["timeout"] * 5, *["healthy"] * 2]
    assert [one["etcd"]["b"] for one in health] == ["healthy", *["refused"] * 5, *["healthy"] * 2]
    assert {one["etcd"]["c"] for one in health} == {"unhealthy"}
    assert [one["leader"] for one in health] == ["b", *[None] * 6, "b"]


def test_a_scraper_that_was_stopped_leaves_a_hole(drill, scheduled, until) -> None:
    schedule = scheduled(5, scraping=QUICK)
    child = drill.start(MODULE, schedule)
    until(schedule.start + SECOND * 3 // 2)
    os.kill(child.pid, signal.SIGSTOP)
    until(schedule.start + SECOND * 45 // 10)
    os.kill(child.pid, signal.SIGCONT)
    drill.finish(child)
    for file in (drill.folder.health, drill.folder.resources):
        seconds = [(one["time"] - schedule.start) / SECOND for one in read_lines(file)]
        assert not [one for one in seconds if 1.8 < one < 4.4], "nobody looked then"
        assert seconds[-1] >= 5
    skipped = {one["error"] for one in scrapes(drill.folder, "etcd-a")}
    # What was on its way at that moment has taken too long.
    assert skipped - {"timeout"} == {"", "skipped: the scrape before it took too long"}


def test_a_leader_is_believed_for_three_rounds(drill, scheduled) -> None:
    schedule = scheduled(6, scraping=Scraping(etcd_s=6, resources_s=6))
    drill.finish(drill.start(MODULE, schedule))
    lines = [one for one in read_lines(drill.folder.health) if one["etcd"]["b"] == "healthy"]
    assert len(lines) >= 5
    assert {one["leader"] for one in lines} == {"b"}


def test_a_target_that_restarted_is_not_a_failure(drill, members, scheduled, until) -> None:
    schedule = scheduled(2, scraping=QUICK)
    child = drill.start(MODULE, schedule)
    until(schedule.start + SECOND * 7 // 10)
    members["a"].refuse()
    members["a"].listen()
    drill.finish(child)
    assert {one["error"] for one in scrapes(drill.folder, "etcd-a")} == {""}
    assert {one["etcd"]["a"] for one in read_lines(drill.folder.health)} == {"healthy"}


def test_resources_follow_the_processes_by_pid_and_start(drill, scheduled, until) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as idle,
    ):
        started = psutil.Process(busy.pid).create_time()
        write_json(
            drill.record.components_file,
            {
                "components": {
                    "etcd-a": {"pid": busy.pid, "started": started, "state": "running"},
                    "etcd-b": {"pid": idle.pid, "started": started + 5, "state": "running"},
                    "etcd-c": {"pid": None, "started": None, "state": "held"},
                }
            },
        )
        ledger = Ledger(drill.folder.ledger)
        entry = ledger.intend("process", "faults", ("x", "y"), {})
        schedule = scheduled(2, scraping=QUICK)
        child = drill.start(MODULE, schedule)
        until(schedule.start + SECOND * 7 // 10)
        ledger.learn(entry, pid=idle.pid, started=psutil.Process(idle.pid).create_time())
        until(schedule.start + SECOND * 12 // 10)
        busy.kill()
        busy.wait()
        drill.finish(child)
        idle.kill()
    lines = list(read_lines(drill.folder.resources))
    assert len(lines) == 5
    processes = [set(one["processes"]) for one in lines]
    assert (processes[:3], processes[-1]) == ([{"etcd-a"}] * 3, set())
    harness = [set(one["harness"]) for one in lines]
    assert (harness[:2], harness[-1]) == ([set()] * 2, {"faults"})
    first, second = lines[0]["processes"]["etcd-a"], lines[2]["processes"]["etcd-a"]
    assert first["pid"] == busy.pid
    assert 0.2 < second["cpu_s"] - first["cpu_s"] < 1.3
    assert second["rss_bytes"] > 4 * 2**20
    host, later = lines[0]["host"], lines[-1]["host"]
    assert 0 < later["cpu_busy_s"] - host["cpu_busy_s"] < later["cpu_total_s"] - host["cpu_total_s"]
    assert host["memory_available_bytes"] < host["memory_total_bytes"]


def test_end_of_stdin_brings_a_last_scrape(drill, scheduled, until) -> None:
    schedule = scheduled(60, scraping=Scraping(etcd_s=30, resources_s=30))
    child = drill.start(MODULE, schedule)
    ended = schedule.start + SECOND
    until(ended)
    child.end()
    drill.finish(child, 2)
    for zone in "abc":
        lines = scrapes(drill.folder, f"etcd-{zone}")
        assert [one["ok"] for one in lines] == [True] * 3
        assert 0 <= lines[-1]["time"] - ended < SECOND // 2
    assert len(list(read_lines(drill.folder.resources))) == 2


def test_sigkill_leaves_whole_scrapes(drill, scheduled, until) -> None:
    schedule = scheduled(60, scraping=Scraping(etcd_s=0.01, resources_s=0.01))
    child = drill.start(MODULE, schedule)
    until(schedule.start + SECOND)
    child.kill()
    lines = [json.loads(line) for line in drill.folder.metrics_index.read_text().splitlines()]
    assert len(lines) > 60
    assert all(one["page"] for zone in "abc" for one in scrapes(drill.folder, f"etcd-{zone}"))
    for line in drill.folder.resources.read_text().splitlines():
        json.loads(line)


def test_end_of_stdin_before_go(drill) -> None:
    child = drill.launch(MODULE)
    child.end()
    drill.finish(child, 3)


def test_a_full_disk_ends_it_with_an_error(drill, scheduled) -> None:
    drill.folder.resources.symlink_to("/dev/full")
    child = drill.start(MODULE, scheduled(60, scraping=QUICK))
    assert child.wait(10) == 1
    assert "No space left on device" in child.log.read_text()
