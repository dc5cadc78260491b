"""A catalogue like the real one, so that these tests need neither Locust nor a cluster."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.experiment import Experiment, read
from kubedrill.record.catalogue import Catalogue, FaultDescription, ProfileDescription

TOP = Path(__file__).resolve().parents[2]
SHIPPED = TOP / "experiments" / "etcd-member-kill.yaml"

MEMBERS = {"type": "string", "enum": ["leader", "a", "b", "c", "random"], "default": "leader"}
CATALOGUE = Catalogue(
    faults={
        "etcd.kill": FaultDescription(
            name="etcd.kill",
            module="kubedrill.faults.etcd",
            inject="kill",
            undo="restore",
            parameters={
                "type": "object",
                "properties": {
                    "member": MEMBERS,
                    "allow_quorum_loss": {"type": "boolean", "default": False},
                    "zones": {
                        "type": ["string", "array"],
                        "items": {"type": "string"},
                        "minItems": 1,
                        "uniqueItems": True,
                    },
                },
                "additionalProperties": False,
            },
            capability="KillEtcdMember",
            doc="Kill one etcd member with SIGKILL and keep it down.",
            blast_radius="member {member} of etcd",
        ),
    },
    profiles={
        "mass-list": ProfileDescription(
            name="mass-list",
            path="loadprofiles/mass_list.py",
            parameters={
                "type": "object",
                "properties": {
                    "resource": {"type": "string", "enum": ["pods", "secrets"]},
                    "resource_version": {"type": "string", "enum": ["", "0"]},
                    "encoding": {"type": "string", "enum": ["json", "protobuf"]},
                    "limit": {"type": "integer", "minimum": 0, "maximum": 10_000},
                    "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                },
                "required": ["resource"],
                "additionalProperties": False,
            },
        )
    },
    clusters=("local-3az",),
)

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
        return read(path, overrides, CATALOGUE)

    return from_text
