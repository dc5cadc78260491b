"""Prober and scraper on a real control plane."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from json_lines import read_lines

from kubedrill.clock import SECOND
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.lines import read_whole
from kubedrill.record.sample import PROBE_DTYPE, read_bin
from kubedrill.record.schedule import ScheduledObjective
from kubedrill.record.sidecar import ProbeSidecar

pytestmark = [pytest.mark.cluster, pytest.mark.alone]
PROBER, SCRAPER = "kubedrill.observe.prober", "kubedrill.observe.scraper"


@pytest.fixture
def drill(local, cluster: ClusterRecord):
    made = local(cluster.balancer)
    made.record = cluster
    return made


def test_every_series_answers_and_no_probe_fails(drill, scheduled) -> None:
    schedule = scheduled(5)
    drill.finish(drill.start(PROBER, schedule))
    probes = read_bin(drill.folder.samples / "probe.bin", PROBE_DTYPE)
    sidecar = read_whole(drill.folder.samples / "probe.json", ProbeSidecar)
    assert len(sidecar.series) == 17
    assert set(probes["outcome"].tolist()) == {200}
    for index, series in enumerate(sidecar.series):
        count = int((probes["series"] == index).sum())
        assert abs(count - 5 * sidecar.rates[series.name]) <= 1, series
    direct = probes[probes["target"] > 0]
    assert set(direct["target"].tolist()) == {1, 2, 3}
    quorum = [n for n, lane in enumerate(sidecar.series) if lane.verb == "read"]
    # What was acknowledged before a quorum read began, it shows.
    assert probes[np.isin(probes["series"], quorum)]["staleness_us"].max() == 0


def test_all_kinds_are_scraped_and_all_members_are_healthy(drill, scheduled) -> None:
    schedule = scheduled(2)
    drill.finish(drill.start(SCRAPER, schedule))
    lines = list(read_lines(drill.folder.metrics_index))
    wanted = {component.name for component in drill.record.components if component.metrics}
    assert len(wanted) == 12
    assert {line["component"] for line in lines} == wanted
    assert {line["component"] for line in lines if line["ok"]} == wanted
    skipped = "skipped: the scrape before it took too long"  # as on a slow machine
    assert {line["error"] for line in lines} <= {"", "timeout", skipped}
    family = {
        "etcd": b"etcd_disk_wal_fsync_duration_seconds_bucket",
        "kube-apiserver": b"apiserver_request_sli_duration_seconds_bucket",
        "kube-controller-manager": b"workqueue_depth",
        "kube-scheduler": b"scheduler_pending_pods",
    }
    for component in drill.record.components:
        if component.metrics:
            page = gzip.decompress(_first(drill.folder.metrics, lines, component.name))
            assert family[component.kind] in page
    health = list(read_lines(drill.folder.health))
    assert 1 <= len(health) <= 3
    for line in health:
        slow = {"timeout"} if line["took_us"] > 800_000 else set()
        assert set(line["etcd"]) == set("abc")
        assert set(line["etcd"].values()) - slow == {"healthy"}
    assert {line["leader"] for line in health} & {"a", "b", "c"}


def test_resources_name_every_component(drill, scheduled) -> None:
    drill.finish(drill.start(SCRAPER, scheduled(8)))
    lines = list(read_lines(drill.folder.resources))
    assert 2 <= len(lines) <= 9  # on a busy machine not each second's
    for line in lines:
        assert set(line["processes"]) == {component.name for component in drill.record.components}
        assert all(process["rss_bytes"] > 2**20 for process in line["processes"].values())
    first, last = lines[0]["processes"], lines[-1]["processes"]
    apiservers = [component.name for component in drill.record.of_kind("kube-apiserver")]
    used = sum(last[name]["cpu_s"] - first[name]["cpu_s"] for name in apiservers)
    assert 0 < used < 2 * (lines[-1]["time"] - lines[0]["time"]) / SECOND


def _first(folder: Path, lines, component: str) -> bytes:
    line = next(line for line in lines if line["component"] == component)
    with (folder / line["file"]).open("rb") as file:
        file.seek(line["offset"])
        return file.read(line["bytes"])


def test_leases_are_looked_at_where_an_objective_is_about_who_leads(drill, scheduled) -> None:
    about = ScheduledObjective("baseline", "scheduler.leaderless.longest < 20s")
    schedule = replace(scheduled(3), objectives=(about,))
    drill.finish(drill.start(SCRAPER, schedule))
    looks = [line for line in read_lines(drill.folder.leases) if not line["error"]]
    assert looks
    for look in looks:
        assert set(look["held"]) == {"kube-controller-manager", "kube-scheduler"}
        for lease in look["held"].values():
            assert lease["holder"].startswith("zone-")
            assert lease["acquired"] <= lease["renewed"]
            # Both clocks are this machine's: it was renewed before the look, and lately.
            asked = schedule.clock.to_wall(look["time"]) + look["took_us"] * 1000
            assert 0 <= asked - lease["renewed"] < lease["lasts_s"] * SECOND


def test_leases_are_nobodys_affair_otherwise(drill, scheduled) -> None:
    drill.finish(drill.start(SCRAPER, scheduled(1)))
    assert not drill.folder.leases.exists()
