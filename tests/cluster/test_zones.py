"""Zones without a control plane in them."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.cluster.local import zones
from kubedrill.cluster.local.zones import (
    LoopbackZones,
    NetnsZones,
    choose,
    namespace_prefix,
    remove_namespaces,
)
from kubedrill.cluster.ports import APISERVER_PORT
from kubedrill.errors import NotStarted
from kubedrill.wire.namespace import open_socket

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def dial(netns: str, address: str) -> str:
    with socket.socket(fileno=open_socket(socket.AF_INET, netns).detach()) as raw:
        raw.settimeout(0.5)
        try:
            raw.connect((address, APISERVER_PORT))
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, "timeout")
    return "connected"


@needs_root
def test_namespaces_reach_each_other_and_nothing_else(tmp_path: Path):
    folder = tmp_path / "zoned"
    zoning = choose("auto", folder, ("a", "b"))
    assert isinstance(zoning, NetnsZones)
    before = run("ip", "-o", "link")
    zoning.make()
    try:
        assert run("ip", "-o", "link") == before
        assert run(*zoning.enter("a"), "hostname").strip() == "zone-a"
        assert "default dev eth0" in run(*zoning.enter("a"), "ip", "route")
        assert dial(zoning.hub, zoning.address("b")) == "ECONNREFUSED"  # it is there
        assert dial(f"{zoning.prefix}-a", zoning.address("b")) == "ECONNREFUSED"
        run("ip", "-n", zoning.hub, "link", "set", "zone-b", "down")
        assert dial(f"{zoning.prefix}-a", zoning.address("b")) != "ECONNREFUSED"
    finally:
        remove_namespaces(folder)
    assert namespace_prefix(folder) not in run("ip", "netns", "list")


@needs_root
def test_a_namespace_that_is_busy_is_tried_again(tmp_path: Path):
    folder = tmp_path / "busy"
    NetnsZones(namespace_prefix(folder), ("a", "b")).make()
    # `ip netns delete` takes off one mount, then finds the file busy with the other.
    busy = f"/run/netns/{namespace_prefix(folder)}-a"
    run("mount", "--bind", busy, busy)
    assert (
        "busy"
        in subprocess.run(
            ("ip", "netns", "delete", Path(busy).name), capture_output=True, text=True, check=False
        ).stderr
    )
    run("mount", "--bind", busy, busy)
    remove_namespaces(folder)
    assert namespace_prefix(folder) not in run("ip", "netns", "list")


@needs_root
def test_one_namespace_that_stays_is_named_and_keeps_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(zones, "_REMOVAL_S", 0.1)
    folder = tmp_path / "stays"
    NetnsZones(namespace_prefix(folder), ("a", "b")).make()
    stays = Path(f"/run/netns/{namespace_prefix(folder)}-a0")
    stays.mkdir()
    try:
        with pytest.raises(NotStarted, match=f'^zones: ip: Cannot remove .*"{stays}"'):
            remove_namespaces(folder)
    finally:
        stays.rmdir()
    assert namespace_prefix(folder) not in run("ip", "netns", "list")


STUCK_IP = """#!/bin/sh
[ $1 = -n ] || exec {ip} "$@"
echo $$ > {pid}; exec sleep 60
"""


@needs_root
def test_a_trial_that_is_killed_leaves_no_namespace(tmp_path: Path, until: Callable[..., object]):
    pid, stuck = tmp_path / "pid", tmp_path / "bin" / "ip"
    stuck.parent.mkdir()
    stuck.write_text(STUCK_IP.format(ip=run("which", "ip").strip(), pid=pid))
    stuck.chmod(0o755)
    choose = "from pathlib import Path; from kubedrill.cluster.local.zones import choose; "
    trying = subprocess.Popen(
        [sys.executable, "-c", f"{choose} choose('auto', Path('x'), ('a',))"],
        env=os.environ | {"PATH": f"{stuck.parent}:{os.environ['PATH']}"},
    )
    until(lambda: pid.exists() and pid.read_text().strip())
    trying.kill()
    trying.wait()
    try:
        assert "try" not in run("ip", "netns", "list")
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


def test_two_state_folders_share_no_namespace(tmp_path: Path):
    assert namespace_prefix(tmp_path / "one" / "dev") != namespace_prefix(tmp_path / "two" / "dev")


def test_a_block_of_addresses_in_use_is_left_alone(tmp_path: Path):
    zones = ("a", "b", "c")
    first = choose("loopback", tmp_path / "dev", zones)
    assert isinstance(first, LoopbackZones)
    assert len({first.address(zone) for zone in zones}) == 3
    assert choose("loopback", tmp_path / "dev", zones) == first
    with socket.create_server((first.address("b"), APISERVER_PORT)):
        second = choose("loopback", tmp_path / "dev", zones)
        assert second.address("b") != first.address("b")
