"""Links that a cluster's supervisor cut, in namespaces without a cluster."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

import pytest

from kubedrill.clock import now
from kubedrill.cluster import wires
from kubedrill.cluster.handle import Link, Shape
from kubedrill.cluster.kept_links import Links
from kubedrill.cluster.local.zones import (
    HUB_ADDRESS,
    NetnsZones,
    namespace_prefix,
    remove_namespaces,
)
from kubedrill.cluster.ports import APISERVER_PORT
from kubedrill.cluster.wires import LinkRefused, Wire

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    folder = tmp_path / "linked"
    zones = NetnsZones(namespace_prefix(folder), ("a", "b"))
    zones.make()
    yield zones.wire(Link("a"))
    remove_namespaces(folder)


@pytest.fixture
def nodes(wire: Wire) -> Wire:
    """What nodes in the zone and the load balancer send each other."""
    return replace(wire, of="nodes")


def connects(enter: tuple[str, ...], address: str, port: int) -> bool:
    """Whether a connection can be opened from within a network in a second."""
    dial = f"import socket; socket.create_connection(({address!r}, {port}), 1)"
    command = [*enter, sys.executable, "-c", dial]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


@contextmanager
def listening(enter: tuple[str, ...], address: str, port: int) -> Iterator[None]:
    """A server in a network, as long as this lasts."""
    serve = f"import socket; s = socket.create_server(({address!r}, {port})); print(flush=True)"
    command = [*enter, sys.executable, "-c"]
    with subprocess.Popen(
        [*command, f"{serve}; [s.accept() for _ in iter(int, 1)]"], stdout=PIPE
    ) as server:
        try:
            assert server.stdout
            server.stdout.readline()
            yield
        finally:
            server.kill()


def test_nodes_are_cut_off_and_the_control_plane_goes_on(wire: Wire, nodes: Wire) -> None:
    links = Links()
    with (
        listening(wire.hub, HUB_ADDRESS, APISERVER_PORT),
        listening(wire.enter, "198.18.0.1", APISERVER_PORT),
    ):

        def reached() -> tuple[bool, bool]:
            """Whether a node reaches the balancer, and whether that reaches the zone's apiserver."""
            node = connects(wire.enter, HUB_ADDRESS, APISERVER_PORT)
            return node, connects(wire.hub, "198.18.0.1", APISERVER_PORT)

        assert reached() == (True, True)
        links.cut(nodes, until=None)
        assert reached() == (False, True)
        assert wires.dropped(nodes)
        assert wires.dropped(wire) is None
        links.mend(nodes)
        assert reached() == (True, True)


def test_what_nodes_send_is_limited_and_lost(wire: Wire, nodes: Wire) -> None:
    links = Links()
    links.shape(nodes, Shape(bits_per_s=8000, loss=0.5), until=None)
    with listening(wire.hub, HUB_ADDRESS, APISERVER_PORT):
        for _ in range(20):
            connects(wire.enter, HUB_ADDRESS, APISERVER_PORT)
    shaped = wires.shaped(nodes)
    assert shaped
    assert shaped.of == ("bandwidth", "loss")
    assert shaped.passed
    assert shaped.dropped
    assert wires.shaped(wire) is None
    with pytest.raises(LinkRefused, match="whole link"):
        links.shape(nodes, Shape(delay_s=0.1), until=None)
    links.straighten(nodes)
    assert wires.shaped(nodes) is None
    assert not list(links.due())


def test_what_a_place_forwards_is_cut_as_well(wire: Wire) -> None:
    """A pod's network, behind the zone's: what it sends goes by way of that."""
    pod = f"{wire.place}-pod"
    behind, within = ["ip", "netns", "exec", pod], [*wire.enter]
    for command in (
        ["ip", "netns", "add", pod],
        [
            *within,
            "ip",
            "link",
            "add",
            "pod0",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            pod,
        ],
        [*within, "ip", "addr", "add", "10.88.0.1/24", "dev", "pod0"],
        [*within, "ip", "link", "set", "pod0", "up"],
        [*within, "sysctl", "-qw", "net.ipv4.ip_forward=1"],
        [*behind, "ip", "addr", "add", "10.88.0.2/24", "dev", "eth0"],
        [*behind, "ip", "link", "set", "eth0", "up"],
        [*behind, "ip", "route", "add", "default", "via", "10.88.0.1"],
        [*wire.hub, "ip", "route", "add", "10.88.0.0/24", "via", "198.18.0.1"],
    ):
        subprocess.run(command, check=True)
    links = Links()
    try:
        with listening(wire.hub, HUB_ADDRESS, APISERVER_PORT):
            for routes in (False, True):
                links.cut(replace(wire, routes=routes), until=None)
                assert connects(tuple(behind), HUB_ADDRESS, APISERVER_PORT) is not routes
                links.mend(replace(wire, routes=routes))
            assert connects(tuple(behind), HUB_ADDRESS, APISERVER_PORT)
    finally:
        subprocess.run(["ip", "netns", "del", pod], check=True)


def no_nft(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nft fail, as it does on a machine where it is killed for being late."""
    (folder / "nft").write_text("#!/bin/sh\nexit 1\n")
    (folder / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_link_that_could_not_be_mended_in_time_is_mended_later(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    links = Links()
    links.cut(wire, until=now())
    with monkeypatch.context() as broken:
        no_nft(broken, tmp_path)
        links.end_due()
    assert wires.dropped(wire) is not None
    [again] = links.due()
    while now() < again:
        assert wires.dropped(wire) is not None
    links.end_due()
    assert wires.dropped(wire) is None
    assert not list(links.due())


def test_whoever_cannot_mend_a_link_leaves_it_its_end(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    links, end = Links(), now()
    links.cut(wire, until=end)
    with monkeypatch.context() as broken:
        no_nft(broken, tmp_path)
        with pytest.raises(LinkRefused):
            links.mend(wire)
    assert list(links.due()) == [end]
    links.mend(wire)
    links.mend(wire)
    assert not list(links.due())
