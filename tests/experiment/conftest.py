"""A catalogue like the real one, its faults and clusters the real ones; the profile needs no Locust."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kubedrill.catalogue import describe_cluster
from kubedrill.experiment import Experiment, read
from kubedrill.faults.activities import flaws
from kubedrill.faults.catalogue import gather
from kubedrill.faults.overlap import refusals
from kubedrill.faults.rights import rights_of
from kubedrill.record.catalogue import Catalogue, ProfileDescription, WithParameters

TOP = Path(__file__).resolve().parents[2]
SHIPPED = TOP / "experiments" / "etcd-member-kill.yaml"


def with_parameters(
    loads: Sequence[tuple[ProfileDescription, Mapping[str, Any]]],
) -> list[WithParameters]:
    """Say what the real profile says; tests/test_cli.py asks that one."""
    pages_from_cache = {"resource_version": "0", "limit": 500}.items()
    return [
        WithParameters(
            "mass-list: limit is ignored" if given.items() >= pages_from_cache else "",
            profile.series,
        )
        for profile, given in loads
    ]


GATHERED = gather()
CATALOGUE = Catalogue(
    faults={fault.name: fault for fault in GATHERED.descriptions},
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
    cluster=lambda name: describe_cluster(TOP / "clusters" / f"{name}.yaml"),
    with_parameters=with_parameters,
    refusals=partial(refusals, GATHERED.kinds),
    flaws=flaws,
    rights=rights_of,
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
