"""The contract: zones that programs are run in, and links between them that are cut, or made worse."""

import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import Absent, Handle, HandleError, Link, Shape, present
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]


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


def connects(
    record: ClusterRecord, handle: Handle, zone: str, to: str, kind: str = "etcd"
) -> bool | None:
    """Whether something in one zone can connect to a component of another; None where nobody gets in."""
    if isinstance(handle.entering, Absent):
        return None
    [there] = [found.serving for found in record.of_kind(kind) if found.zone == to]
    dial = f"import socket; socket.create_connection(({there.host!r}, {there.port}), 0.5)"
    command = [*present(handle.entering).command(zone), sys.executable, "-c", dial]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def knock(record: ClusterRecord, zone: str) -> None:
    """Send something to a zone's etcd, where it is reached from here: nobody else may."""
    [there] = [found.serving for found in record.of_kind("etcd") if found.zone == zone]
    if there.netns is None:
        with suppress(OSError):
            socket.create_connection((there.host, there.port), 0.2).close()


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
            assert connects(record, handle, *ways.split(">")) in {through, None}, ways
        until(lambda: knock(record, link.zone) or cutting.dropped(link))
    finally:
        cutting.mend(link)
    cutting.mend(link)
    assert cutting.dropped(link) is None
    for ways in expected:
        until(lambda ways=ways: connects(record, handle, *ways.split(">")) is not False)


def test_two_cuts_of_a_zone_do_not_lift_each_other(record: ClusterRecord, handle: Handle):
    cutting = handle.cutting
    if isinstance(cutting, Absent):
        return
    first, second = Link("a", "b"), Link("a", "c")
    try:
        cutting.cut(first)
        cutting.cut(second)
        cutting.mend(first)
        assert (cutting.dropped(first), cutting.dropped(second) is None) == (None, False)
        assert connects(record, handle, "a", "b") in {True, None}
        assert connects(record, handle, "a", "c") in {False, None}
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
        if what == "loss":  # the first packet may be lost, which comes again after a second
            until(lambda: connects(record, handle, "b", "a") is not False)
        else:
            assert connects(record, handle, "b", "a") is not False
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
