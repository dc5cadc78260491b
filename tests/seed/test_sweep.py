"""Sweeping what cannot be reached any more."""

import dataclasses
import socket
from pathlib import Path

import pytest

from kubedrill.seed import sweep


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_no_record_of_the_cluster_is_nothing_to_sweep(tmp_path: Path) -> None:
    sweep(str(tmp_path / "cluster.json"), "run")


def test_a_cluster_without_its_certificates_is_gone(tmp_path, record_of, closed_port) -> None:
    record = dataclasses.replace(record_of(closed_port), ca_file=str(tmp_path / "ca.crt"))
    record.write(tmp_path / "cluster.json")
    sweep(str(tmp_path / "cluster.json"), "run")


def test_a_cluster_that_refuses_connections_is_gone(tmp_path, record_of, closed_port) -> None:
    record_of(closed_port).write(tmp_path / "cluster.json")
    sweep(str(tmp_path / "cluster.json"), "run")
