"""What every provider must hold, played on a cluster of each that there is.

A provider is found by its registration; its cluster is made of the first file of clusters/ that names it.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import psutil
import pytest

from kubedrill import cluster as stage
from kubedrill import places
from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import (
    LIMITED,
    Absent,
    Handle,
    HandleError,
    Limits,
    Link,
    Shape,
    description,
    present,
)
from kubedrill.cluster.provider import handle_of, provider_named, providers
from kubedrill.record.catalogue import OperationName
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]

HERE = Path(__file__)
SHARED = "local-3az"
LIMITS = {
    "cpu": Limits(cpus=0.5),
    "memory": Limits(memory_bytes=2**30),
    "disk": Limits(disk_bytes_per_s=10**7, disk_writes_per_s=100),
}


def file_of(provider: str) -> Path:
    files = sorted(places.folder("clusters", HERE).glob("*.yaml"))
    found = [file for file in files if stage.load_definition(file).provider == provider]
    assert found, f"{provider}: no file of clusters/ to play the contract on"
    return next((file for file in found if file.stem == SHARED), found[0])


@pytest.fixture(scope="module", params=sorted(providers()))
def record(request: pytest.FixtureRequest) -> Iterator[ClusterRecord]:
    file = file_of(request.param)
    if file.stem == SHARED:
        yield request.getfixturevalue("cluster")
        return
    yield stage.up(stage.load_definition(file), "contract")
    stage.down("contract")


@pytest.fixture
def handle(record: ClusterRecord) -> Handle:
    return handle_of(record)


def of_kind(record: ClusterRecord, kinds: tuple[str, ...]) -> str:
    """Return one of the cluster's components, of those that are missed least."""
    ordered = ["kube-scheduler", "kube-controller-manager", *kinds]
    kind = next(kind for kind in ordered if kind in kinds)
    return record.of_kind(kind)[-1].name


def test_what_a_file_promises_is_what_stands_on_the_handle(record: ClusterRecord, handle: Handle):
    definition = stage.load_definition(file_of(record.provider))
    promised = stage.describe(definition)
    assert promised == description(handle, record.zones)
    assert (record.capabilities, record.lacks) == (promised.capabilities, promised.lacks)


@pytest.mark.parametrize("name", get_args(OperationName))
def test_an_operation_is_there_or_says_why_not(handle: Handle, name: str):
    operation = getattr(handle, name)
    if isinstance(operation, Absent):
        assert operation.why == operation.why.strip() != ""
        assert "\n" not in operation.why
        with pytest.raises(HandleError) as refused:
            present(operation)
        assert str(refused.value) == operation.why
    else:
        assert operation.of
        assert present(operation) is operation


def test_it_is_found_by_its_folder_and_nowhere_else(record: ClusterRecord, tmp_path: Path):
    provider = provider_named(record.provider)
    assert provider.find(Path(record.folder)) == record
    assert provider.find(tmp_path) is None
    assert provider.find(tmp_path / "nowhere") is None
    provider.down(tmp_path / "nowhere")
    assert provider.find(Path(record.folder)) == record
    assert (handle_of(record).lost(), handle_of(record).is_gone()) == ("", False)


def test_its_components_are_those_of_its_record(record: ClusterRecord, handle: Handle):
    states = handle.components()
    assert set(states) == {component.name for component in record.components}
    assert {state.state for state in states.values()} == {"running"}


def test_its_processes_and_what_they_use(record: ClusterRecord, handle: Handle):
    states, pids = handle.components(), handle.processes()
    assert set(pids) <= set(states)
    for name, pid in pids.items():
        assert pid == states[name].pid
        assert psutil.Process(pid).create_time() == pytest.approx(states[name].started, abs=0.01)
    used = handle.usage()
    assert set(pids) <= set(used) <= set(states)
    assert all(usage.cpu_s > 0 and usage.rss_bytes > 0 for usage in used.values())
    later = handle.usage()
    assert all(later[name].cpu_s >= usage.cpu_s for name, usage in used.items())
    assert handle.data() is None or os.access(handle.data(), os.W_OK)


def test_a_component_has_a_log(record: ClusterRecord, handle: Handle):
    assert any(handle.last_line(component.name) for component in record.components)
    assert handle.last_line("nobody") == ""


def test_what_is_held_stays_down_until_it_is_released(
    record: ClusterRecord, handle: Handle, until: Until
):
    holding = handle.holding
    if isinstance(holding, Absent):
        return  # said why, above
    target, exits = of_kind(record, holding.of), handle.exits()
    pid = handle.components()[target].pid
    with pytest.raises(HandleError):
        holding.hold(target, expect_pid=pid + 1)
    assert handle.components()[target].pid == pid
    try:
        assert holding.hold(target, expect_pid=pid) == pid
        state = handle.components()[target]
        assert (state.state, state.pid) == ("held", None)
        assert not psutil.pid_exists(pid)
        assert target not in handle.usage()
        with pytest.raises(HandleError):
            holding.hold(target)
    finally:
        again = holding.release(target)
    assert holding.release(target) == again != pid
    assert handle.components()[target].state == "running"
    told = [(line.event, line.pid) for line in exits.read() if line.component == target]
    assert told == [("exited", pid), ("started", again)]


def test_what_is_stopped_ends_by_itself_and_stays_down_until_it_is_released(
    record: ClusterRecord, handle: Handle, until: Until
):
    holding = handle.holding
    if isinstance(holding, Absent):
        return
    target, exits = of_kind(record, holding.of), handle.exits()
    pid = handle.components()[target].pid
    with pytest.raises(HandleError):
        holding.stop(target, expect_pid=pid + 1)
    assert handle.components()[target].state == "running"
    try:
        assert holding.stop(target, expect_pid=pid) == pid
        assert handle.components()[target].state in {"stopping", "held"}
        until(lambda: handle.components()[target].state == "held")
        assert not psutil.pid_exists(pid)
    finally:
        again = holding.release(target)
    told = [line for line in exits.read() if line.component == target]
    assert [(line.event, line.pid) for line in told] == [("exited", pid), ("started", again)]
    assert (told[0].asked, told[0].status != -signal.SIGKILL) == (True, True)


def test_what_is_restarted_ends_by_itself_and_runs_anew(
    record: ClusterRecord, handle: Handle, until: Until
):
    holding = handle.holding
    if isinstance(holding, Absent):
        return
    target, exits = of_kind(record, holding.of), handle.exits()
    pid = handle.components()[target].pid
    assert holding.restart(target, expect_pid=pid) == pid
    until(lambda: handle.components()[target].pid not in {pid, None})
    exited, started = [line for line in exits.read() if line.component == target]
    assert (exited.asked, exited.status != -signal.SIGKILL) == (True, True)
    assert handle.components()[target].state == "running"
    assert started.pid == handle.components()[target].pid


def test_a_pause_that_somebody_else_ends_is_one_no_more(
    record: ClusterRecord, handle: Handle, until: Until
):
    pausing = handle.pausing
    if isinstance(pausing, Absent):
        return
    target = of_kind(record, pausing.of)
    pid = pausing.pause(target)
    try:
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        since = handle.components()[target].since
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGSTOP)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        until(lambda: handle.components()[target].since > since)
        os.kill(pid, signal.SIGCONT)
        until(lambda: handle.components()[target].state == "running")
    finally:
        pausing.proceed(target)


def test_a_hold_and_a_pause_end_by_themselves(record: ClusterRecord, handle: Handle, until: Until):
    for operation, do in (("holding", "hold"), ("pausing", "pause")):
        found = getattr(handle, operation)
        if isinstance(found, Absent):
            continue
        target = of_kind(record, found.of)
        end = now() + 2 * SECOND
        getattr(found, do)(target, until=end)
        assert handle.components()[target].state in {"held", "paused"}
        until(lambda target=target: handle.components()[target].state == "running", 60)
        assert now() >= end


def test_what_is_paused_stands_still_until_it_may_go_on(
    record: ClusterRecord, handle: Handle, until: Until
):
    pausing = handle.pausing
    if isinstance(pausing, Absent):
        return
    target = of_kind(record, pausing.of)
    before = handle.components()[target]
    try:
        assert pausing.pause(target) == before.pid
        assert handle.components()[target].state == "paused"
        stopped = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        until(lambda: psutil.Process(before.pid).status() in stopped)
    finally:
        pausing.proceed(target)
    until(lambda: psutil.Process(before.pid).status() not in stopped)
    assert pausing.proceed(target) == before.pid
    after = handle.components()[target]
    assert (after.state, after.pid, after.restarts) == ("running", before.pid, before.restarts)


def test_what_is_limited_stays_so_until_it_is_lifted(
    record: ClusterRecord, handle: Handle, until: Until
):
    limiting = handle.limiting
    if isinstance(limiting, Absent):
        return
    assert set(limiting.of) | set(limiting.lacks) == set(LIMITED)
    target = record.of_kind("kube-scheduler")[-1].name
    for resource in limiting.of:
        limits = LIMITS[resource]
        try:
            limiting.limit(target, limits)
            assert set(limiting.strain(target).limited) == {resource}
            with pytest.raises(HandleError):
                limiting.limit(target, limits)
            if not isinstance(handle.holding, Absent):
                handle.holding.hold(target)
                handle.holding.release(target)
            assert set(limiting.strain(target).limited) == {resource}
        finally:
            limiting.lift(target, limits)
        limiting.lift(target, limits)
        assert limiting.strain(target).limited == {}
        end = now() + SECOND
        limiting.limit(target, limits, until=end)
        until(lambda: limiting.strain(target).limited == {})
        assert now() >= end
    with pytest.raises(HandleError):
        limiting.limit("nobody", LIMITS["cpu"])


def test_what_is_taken_out_from_behind_the_balancer_is_put_back(
    record: ClusterRecord, handle: Handle, until: Until
):
    balancing = handle.balancing
    if isinstance(balancing, Absent):
        return
    zone = record.zones[-1]
    try:
        balancing.take_out(zone)
        until(lambda: zone not in balancing.served())
        assert balancing.served() == record.zones[:-1]
    finally:
        balancing.put_back(zone)
    until(lambda: balancing.served() == record.zones)
    balancing.put_back(zone)
    end = now() + 2 * SECOND
    balancing.take_out(zone, until=end)
    until(lambda: balancing.served() == record.zones)
    assert now() >= end
    with pytest.raises(HandleError):
        balancing.take_out("nowhere")


def test_connections_to_one_zone_are_cut_and_others_are_not(
    record: ClusterRecord, handle: Handle, until: Until
):
    balancing = handle.balancing
    if isinstance(balancing, Absent):
        return
    balancer = (record.balancer.host, record.balancer.port)
    held = [socket.create_connection(balancer) for _ in range(2 * len(record.zones))]
    own = {"{}:{}".format(*connection.getsockname()) for connection in held}

    def known() -> dict[str, set[str]]:
        return {zone: own & {*balancing.connections(zone)} for zone in record.zones}

    until(lambda: set().union(*known().values()) == own)
    before, (zone, *others) = known(), record.zones
    balancing.cut(zone)
    assert before[zone]
    until(lambda: not known()[zone])
    assert [known()[other] for other in others] == [before[other] for other in others]
    for connection in held:
        connection.close()


def test_what_runs_in_a_zone_is_in_its_network(record: ClusterRecord, handle: Handle):
    entering = handle.entering
    if isinstance(entering, Absent):
        return
    for zone in record.zones:
        [server] = [api.serving for api in record.of_kind("kube-apiserver") if api.zone == zone]
        there = f"import socket; socket.socket().bind(({server.host!r}, 0))"
        command = [*entering.command(zone), sys.executable, "-c", there]
        subprocess.run(command, check=True, timeout=60)
    with pytest.raises(HandleError):
        entering.command("nowhere")


def connects(record: ClusterRecord, handle: Handle, zone: str, to: str, kind: str = "etcd") -> bool:
    """Whether something in one zone can connect to a component of another."""
    [there] = [found.serving for found in record.of_kind(kind) if found.zone == to]
    dial = f"import socket; socket.create_connection(({there.host!r}, {there.port}), 0.5)"
    command = [*present(handle.entering).command(zone), sys.executable, "-c", dial]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


PEERS, CLIENTS = 2380, 2379
LINKS = {
    "whole": (Link("a"), {"a>b": False, "b>a": False, "b>c": True}),
    "from one other": (Link("a", "b"), {"a>b": False, "b>a": False, "a>c": True, "c>a": True}),
    "out": (Link("a", "b", "out"), {"a>b": False, "b>a": False, "c>a": True}),
    "its clients' port": (Link("a", ports=(CLIENTS,)), {"a>b": False, "b>a": False}),
    "another port": (Link("a", ports=(PEERS,)), {"a>b": True, "b>a": True}),
}


@pytest.mark.parametrize("name", LINKS)
def test_what_is_cut_lets_nothing_through_until_it_is_mended(
    record: ClusterRecord, handle: Handle, until: Until, name: str
):
    link, expected = LINKS[name]
    cutting = handle.cutting
    if isinstance(cutting, Absent):
        return  # said why, above
    assert cutting.dropped(link) is None
    try:
        cutting.cut(link)
        cutting.cut(link)
        for ways, through in expected.items():
            assert connects(record, handle, *ways.split(">")) is through, ways
        until(lambda: cutting.dropped(link))
    finally:
        cutting.mend(link)
    cutting.mend(link)
    assert cutting.dropped(link) is None
    for ways in expected:
        until(lambda ways=ways: connects(record, handle, *ways.split(">")))


def test_two_cuts_of_a_zone_do_not_lift_each_other(record: ClusterRecord, handle: Handle):
    cutting = handle.cutting
    if isinstance(cutting, Absent):
        return
    first, second = Link("a", "b"), Link("a", "c")
    try:
        cutting.cut(first)
        cutting.cut(second)
        cutting.mend(first)
        assert (connects(record, handle, "a", "b"), connects(record, handle, "a", "c")) == (
            True,
            False,
        )
    finally:
        cutting.mend(first)
        cutting.mend(second)


def test_a_cut_and_a_shape_end_by_themselves(record: ClusterRecord, handle: Handle, until: Until):
    link, end = Link("a", "b"), now() + 2 * SECOND
    if not isinstance(handle.cutting, Absent):
        handle.cutting.cut(link, until=end)
        assert handle.cutting.dropped(link) is not None
        until(lambda: handle.cutting.dropped(link) is None)
        assert now() >= end
    shaping, whole = handle.shaping, Link("a")
    if not isinstance(shaping, Absent) and "bandwidth" in shaping.of:
        end = now() + 2 * SECOND
        shaping.shape(whole, Shape(bits_per_s=100_000_000), until=end)
        assert shaping.shaped(whole) is not None
        until(lambda: shaping.shaped(whole) is None)
        assert now() >= end


@pytest.mark.parametrize(
    ("what", "shape"),
    [
        ("bandwidth", Shape(bits_per_s=50_000_000)),
        ("loss", Shape(loss=0.02)),
        ("delay", Shape(delay_s=0.02)),
    ],
)
def test_a_link_works_as_badly_as_it_is_shaped(
    record: ClusterRecord, handle: Handle, until: Until, what: str, shape: Shape
):
    shaping, link = handle.shaping, Link("a")
    if isinstance(shaping, Absent):
        return
    if what not in shaping.of:
        assert shaping.lacks[what]
        with pytest.raises(HandleError) as refused:
            shaping.shape(link, shape)
        assert str(refused.value) == shaping.lacks[what]
        assert shaping.shaped(link) is None
        return
    try:
        shaping.shape(link, shape)
        with pytest.raises(HandleError, match="already"):
            shaping.shape(link, shape)
        until(
            lambda: shaping.shaped(link).dropped if what == "loss" else shaping.shaped(link).passed
        )
        assert connects(record, handle, "b", "a")
    finally:
        shaping.straighten(link)
    shaping.straighten(link)
    assert shaping.shaped(link) is None


def test_a_link_of_a_zone_that_there_is_not_is_refused(handle: Handle):
    if isinstance(handle.cutting, Absent):
        return
    for link in (Link("nowhere"), Link("a", "nowhere")):
        with pytest.raises(HandleError, match="there is no zone nowhere"):
            handle.cutting.cut(link)


def test_what_was_taken_down_is_gone(record: ClusterRecord):
    file = file_of(record.provider)
    gone = stage.up(stage.load_definition(file), "gone")
    handle, stood = handle_of(gone), gone.stands()
    stage.down("gone")
    assert (stood, gone.stands()) == (True, False)
    assert (handle.is_gone(), handle.processes(), handle.usage()) == (True, {}, {})
    assert handle.lost() != ""
    with pytest.raises(HandleError):
        handle.components()
    assert stage.find("gone") is None
