"""Zones without a control plane in them."""

import errno
import os
import socket
import subprocess
from pathlib import Path

import pytest

from kubedrill.cluster.local.zones import (
    APISERVER_PORT,
    LoopbackZones,
    NetnsZones,
    choose,
    namespace_prefix,
    remove_namespaces,
)
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
