"""Experiments from text, read against a catalogue like the real one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from one_profile import CATALOGUE, TOP, read

from kubedrill.experiment import Experiment
from kubedrill.record.catalogue import Catalogue

SHIPPED = TOP / "experiments" / "etcd-member-kill.yaml"

SMALL = """\
title: t
why: w
cluster: local-3az
load:
  - profile: mass-list
    as: list
    rate: 10/s
    with: {resource: pods}
phases: {baseline: 10s, fault: 20s, recovery: 10s}
faults:
  - etcd.kill: {member: leader}
slos:
  fault: [list.p99 < 1s]
"""

Read = Callable[..., Experiment]


@pytest.fixture
def catalogue() -> Catalogue:
    return CATALOGUE


@pytest.fixture
def small() -> str:
    return SMALL


@pytest.fixture
def shipped() -> Path:
    return SHIPPED


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """Read an experiment from text."""

    def from_text(text: str, *overrides: str) -> Experiment:
        path = tmp_path / "x.yaml"
        path.write_text(text, encoding="utf-8")
        return read(path, overrides)

    return from_text
