"""Loads over HTTP/2 against a real control plane: lists, watches, writes."""

from pathlib import Path

import numpy as np
import pytest
from load_stage import Stage, stage_on

from kubedrill import cluster as clusters
from kubedrill.figures.traces import read_load
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import Outcome

SENDS_AWAY = """\
provider: local
zones: [a, b]
load_users: 20
flags: {kube-apiserver: {goaway-chance: 0.02}}
"""

pytestmark = pytest.mark.cluster


@pytest.fixture
def stage(cluster, tmp_path: Path):
    def fresh(name="test"):
        return stage_on(cluster, tmp_path / name)

    return fresh


@pytest.mark.parametrize("given", [{}, {"encoding": "protobuf"}, {"limit": 5}, {"gzip": True}])
def test_lists(stage, given):
    asked = {"resource": "flowschemas", **given}
    played = {http: stage(f"http-{http}").play(20, 1, http=http, **asked) for http in ("1.1", "2")}
    for play in played.values():
        assert play.outcomes() == {200: 20}, play.log
    first, second = (np.median(play.records()["bytes"]) for play in played.values())
    assert first == pytest.approx(second, rel=0.01)


def test_users_are_spread_over_the_apiservers(stage):
    played = stage().play(100, 2, http="2", resource="namespaces")
    _, sidecar = read_load(played.folder, "load-list")
    assert len(sidecar.targets) == 4, sidecar.targets
    assert played.outcomes() == {200: 200}


def test_informers(stage):
    given = {"clients": 12, "objects": 5, "http": "2"}
    played = stage().of("informer").play(rate=20, seconds=3, **given)
    assert played.outcomes("write") == {200: 60}, played.log
    assert played.outcomes("write.watch") == {200: 12}
    staleness = played.records("write.seen")["total_us"] / 1e6
    assert len(staleness) == 60 * 12
    assert 0 < np.median(staleness) < 0.2


def test_streaming_lists(stage):
    played = stage().of("watch_list").play(rate=10, seconds=2, http="2", resource="configmaps")
    assert played.outcomes("list") == {200: 20}, played.log


def test_writes(stage):
    played = stage().of("secret_flood").play(rate=50, seconds=2, http="2", size=20_000)
    assert played.outcomes("create") == {201: 100}, played.log


@pytest.fixture
def sends_away(tmp_path: Path):
    """A control plane of two zones whose apiservers send one of fifty requests' connections away."""
    file = tmp_path / "sends-away.yaml"
    file.write_text(SENDS_AWAY)
    yield clusters.up(clusters.load_definition(file), "sends-away")
    clusters.down("sends-away")


@pytest.mark.own
def test_apiservers_that_send_clients_away(sends_away, tmp_path: Path):
    folder = RunFolder.create(tmp_path / "reports", "test")
    sends_away.write(folder.cluster)
    played = Stage(folder).play(200, 3, http="2", resource="namespaces")
    outcomes = played.outcomes()
    assert outcomes[200] >= 595, played.log
    assert set(outcomes) <= {200, Outcome.GOAWAY}
    # About twelve times a connection was sent away in the midst of requests, and none was lost.
    answered = np.bincount(played.records()["target"], minlength=3)[1:]
    assert (answered > 150).all(), answered
