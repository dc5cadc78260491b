"""Drills on a cluster of somebody else's, whose Prometheus is asked for what cannot be read there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from commanding import kubedrill
from drills import SHORT, Drills, reasons
from prometheus_stand_in import PrometheusStandIn
from scraping import scraping

from kubedrill.cluster.adopted.adopting import file_of, look_at
from kubedrill.record.prometheus import TOKEN

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

NAME = "staging"
SECRET = "s3cret-of-theirs"
ASKED: dict[str, Any] = {
    "cluster": NAME,
    "phases": SHORT["phases"] | {"baseline": "8s"},
    "slos": {
        "baseline": [
            "list.p99 < 5s",
            "apiserver.requests >= 1",
            "apiserver.inflight < 1000",
            "etcd.elections == 0",
            "etcd.fsync.p99 < 10s",
        ]
    },
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    with somebodys("somebodys-told", tmp_path_factory.mktemp("theirs")) as cluster:
        cluster.allow(everything())
        yield cluster


@pytest.fixture
def told(project: Path, theirs: Theirs) -> Iterator[PrometheusStandIn]:
    """The cluster, adopted, and who is asked about it."""
    kubeconfig, file = str(theirs.kubeconfig), project / "clusters" / f"{NAME}.yaml"
    with scraping(theirs.record) as stand_in:
        said = yaml.safe_load(file_of(look_at(kubeconfig, CONTEXT), kubeconfig))
        file.write_text(yaml.safe_dump({**said, "metrics": {"prometheus": stand_in.url}}))
        yield stand_in
        kubedrill("cluster", "down", NAME, cwd=project)
    assert theirs.there() == set()


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_what_it_tells_is_judged_and_its_token_is_kept(
    drill: Drills, told: PrometheusStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.token = SECRET
    monkeypatch.setenv(TOKEN, SECRET)
    running = drill("told", ASKED)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert any("that Prometheus scraped" in note for note in verdict["notes"])
    files = [file for file in running.folder.path.rglob("*") if file.is_file()]
    assert not [file for file in files if SECRET.encode() in file.read_bytes()]
    assert SECRET not in running.output()


def test_one_that_falls_silent_makes_what_needs_it_invalid(
    drill: Drills, told: PrometheusStandIn
) -> None:
    running = drill("silent", ASKED)
    running.wait_for_phase("baseline")
    told.fails = (500, b"")
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    verdicts = {asked["text"]: asked["verdict"] for asked in verdict["objectives"]}
    assert verdicts.pop("list.p99 < 5s") == "PASS", reasons(verdict)
    assert {*verdicts.values()} == {"INVALID"}


def test_what_it_has_nothing_of_is_refused(project: Path, told: PrometheusStandIn) -> None:
    file = project / "experiments" / "lacking.yaml"
    told.dropped = ("apiserver_current_inflight_requests",)
    for labels in [*told.series]:
        if ("__name__", told.dropped[0]) in labels:
            del told.series[labels]
    file.write_text(yaml.safe_dump(SHORT | ASKED, sort_keys=False))
    done = kubedrill("run", file, cwd=project)
    assert done.returncode == 3
    assert "apiserver.inflight < 1000: nobody can measure apiserver.inflight" in done.stderr
