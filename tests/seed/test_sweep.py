"""Sweeping what cannot be reached any more."""

import dataclasses
from pathlib import Path

from ports import free_port

from kubedrill.seed import sweep


def test_no_record_of_the_cluster_is_nothing_to_sweep(tmp_path: Path) -> None:
    sweep(str(tmp_path / "cluster.json"), "run")


def test_a_cluster_without_its_certificates_is_gone(tmp_path, record_of) -> None:
    record = dataclasses.replace(record_of(free_port()), ca_file=str(tmp_path / "ca.crt"))
    record.write(tmp_path / "cluster.json")
    sweep(str(tmp_path / "cluster.json"), "run")


def test_a_cluster_that_refuses_connections_is_gone(tmp_path, record_of) -> None:
    record_of(free_port()).write(tmp_path / "cluster.json")
    sweep(str(tmp_path / "cluster.json"), "run")
