"""Clusters that come up, or do not, and go without a trace."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kubedrill import cluster as stage
from kubedrill.client.caller import Caller
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.local.definition import LocalDefinition, Versions
from kubedrill.cluster.provider import handle_of
from kubedrill.cluster.reading import guarded
from kubedrill.cluster.state import cluster_folder
from kubedrill.errors import NotStarted
from kubedrill.record.catalogue import ClusterDefinition
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.own]

Traces = Callable[[str], list[str]]


def small(**settings: object) -> ClusterDefinition:
    """One zone is enough for what is tested here, and sooner up."""
    return guarded(LocalDefinition)(provider="local", **{"zones": ("a",), **settings})


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def other() -> Iterator[ClusterRecord]:
    """A cluster beside the one that is tested."""
    yield stage.up(small(), "other")
    stage.down("other")


@pytest.mark.parametrize("zoning", ["netns", "loopback"])
def test_two_side_by_side_and_one_goes_without_a_trace(
    zoning: str, other: ClusterRecord, own: str, traces: Traces
):
    if zoning == "netns" and os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    record = stage.up(small(zoning=zoning, zones=("a", "b", "c")), own)
    assert record.zoning == zoning
    assert record.balancer != other.balancer
    assert len(traces(own)) > 13
    for cluster in (record, other):
        states = handle_of(cluster).components().values()
        assert {state.state for state in states} == {"running"}
        target, token = identity_target(cluster, "victim")
        with closing(Caller(target, token)) as api:
            path = "/api/v1/namespaces/kubedrill/configmaps/probe"
            assert api.call("GET", path).status == 200
    stage.down(own)
    assert traces(own) == []
    assert not is_listening(record.balancer.port)
    assert stage.find(own) is None
    assert {component.state for component in handle_of(other).components().values()} == {"running"}


def test_the_death_of_the_supervisor_leaves_nothing_running(
    own: str, traces: Traces, processes: Callable[[Path], list[str]], until: Callable[..., object]
):
    record = stage.up(small(), own)
    import psutil

    states = handle_of(record).components()
    psutil.Process(states["haproxy"].pid).parent().kill()
    until(lambda: processes(Path(record.folder)) == [])
    status = stage.status(own)
    assert status.state == "unsupervised"
    assert (status.why or "").endswith(f"to end the cluster: kubedrill cluster down {own}")
    with pytest.raises(HandleError):
        handle_of(record).holding.release("haproxy")
    stage.down(own)
    assert traces(own) == []


def test_a_component_that_cannot_start_ends_it_with_its_log(own: str, traces: Traces):
    definition = small(flags={"kube-apiserver": {"no-such-flag": "1"}})
    with pytest.raises(NotStarted) as caught:
        stage.up(definition, own)
    assert "kube-apiserver-a exited" in str(caught.value)
    assert "unknown flag: --no-such-flag" in str(caught.value)
    assert traces(own) == []


def test_a_port_in_use_is_named_before_anything_is_made(own: str, traces: Traces):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for attempt in (stage.up, stage.check):
            with pytest.raises(NotStarted, match=f"port {port} of 127.0.0.1 is in use"):
                attempt(small(port=port), own)
            assert traces(own) == []


def test_other_versions_than_those_wanted_are_refused(own: str, traces: Traces):
    with pytest.raises(NotStarted, match=r"must have etcd v3\.3\.0, and etcd \S+ was found"):
        stage.check(small(versions=Versions(etcd="v3.3.0")), own)
    assert traces(own) == []


@pytest.mark.parametrize("after", [0.5, 2.5])
def test_an_interrupted_up_takes_down_what_it_made(own: str, traces: Traces, after: float):
    script = (
        "from kubedrill import cluster\n"
        "from kubedrill.cluster.local.definition import LocalDefinition\n"
        "from kubedrill.cluster.reading import guarded\n"
        f"cluster.up(guarded(LocalDefinition)(provider='local', zones=('a',)), {own!r})\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    time.sleep(after)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert b"KeyboardInterrupt" in said
    assert traces(own) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_cluster_up_that_is_ended_leaves_nothing(
    number: signal.Signals, own: str, traces: Traces, tmp_path: Path, until: Callable[..., object]
):
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / f"{own}.yaml").write_text("provider: local\nzones: [a]\n")
    command = [sys.executable, "-m", "kubedrill", "cluster", "up", own]
    child = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    until((cluster_folder(own) / "supervisor.sock").exists)
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert said == f"ended by {number.name}: what there was of {own} is gone again\n"
    assert child.returncode == 3
    assert traces(own) == []


def test_an_up_that_was_killed_is_taken_down_by_its_ledger_entry(
    own: str, traces: Traces, until: Callable[..., object]
):
    import importlib

    script = (
        "import sys; from kubedrill import cluster\n"
        "from kubedrill.cluster.local.definition import LocalDefinition\n"
        "from kubedrill.cluster.reading import guarded\n"
        "cluster.up(guarded(LocalDefinition)(provider='local', zones=('a',)), *sys.argv[1:])\n"
    )
    (module, function), arguments = stage.undo_entry(own)
    child = subprocess.Popen([sys.executable, "-c", script, own, arguments["cluster_id"]])
    until((cluster_folder(own) / "supervisor.sock").exists)
    child.kill()
    child.wait()
    assert stage.status(own).state == "half made"
    undo = getattr(importlib.import_module(module), function)
    undo(**{**arguments, "cluster_id": "another"})
    assert stage.status(own).state == "half made", "a cluster of another drill is left alone"
    undo(**arguments)
    assert traces(own) == []


def test_without_privileges_zones_are_addresses(own: str, traces: Traces):
    script = (
        "from kubedrill import cluster\n"
        "from kubedrill.cluster.local.definition import LocalDefinition\n"
        "from kubedrill.cluster.reading import guarded\n"
        f"record = cluster.up(guarded(LocalDefinition)(provider='local', zones=('a', 'b')), {own!r})\n"
        "print(record.zoning)\n"
    )
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*powerless, sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "loopback\n"
    assert "cannot" not in done.stderr


def test_stacked_apiservers_know_their_own_member_only(own: str):
    record = stage.up(small(zones=("a", "b"), etcd="stacked", zoning="loopback"), own)
    programs = (cluster_folder(own) / "programs.json").read_text()
    own_member = f'--etcd-servers=https://{record.component("etcd-b").serving.host}:2379"'
    assert own_member in programs
