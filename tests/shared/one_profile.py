"""Reads experiments against a catalogue like the real one, but for its profile, which needs no Locust."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kubedrill.catalogue import describe_cluster, look_at_actions
from kubedrill.experiment import Experiment, open_file, read_faults, settle
from kubedrill.faults.catalogue import gather
from kubedrill.faults.overlap import refusals
from kubedrill.record.catalogue import Catalogue, ProfileDescription, WithParameters

TOP = Path(__file__).resolve().parents[2]
GATHERED = gather()
PROFILE = ProfileDescription(
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
CATALOGUE = Catalogue(
    faults={fault.name: fault for fault in GATHERED.descriptions},
    clusters=("local-3az",),
    cluster=describe_cluster(TOP / "clusters" / "local-3az.yaml"),
    known_profiles=("mass-list",),
    profiles={"mass-list": PROFILE},
)


def read(path: Path, overrides: Sequence[str], catalogue: Catalogue = CATALOGUE) -> Experiment:
    """Read an experiment, as `kubedrill.catalogue.read_experiment` does."""
    draft = open_file(path, overrides)
    named = draft.named
    actions, untold = look_at_actions(named.actions)
    known = replace(
        catalogue,
        cluster=catalogue.cluster if named.cluster in catalogue.clusters else None,
        loads={index: with_parameters(given) for index, (_, given) in named.loads.items()},
        actions=actions,
        untold=untold,
    )
    faults = read_faults(draft, known)
    refused = refusals(GATHERED.kinds, [*faults.values()], known.cluster) if known.cluster else ()
    return settle(draft, known, faults, refused)


def with_parameters(given: Mapping[str, Any]) -> WithParameters:
    """Say what the real profile says; tests/test_cli.py asks that one."""
    pages_from_cache = {"resource_version": "0", "limit": 500}.items()
    wrong = "mass-list: limit is ignored" if given.items() >= pages_from_cache else ""
    return WithParameters(wrong, PROFILE.series)
