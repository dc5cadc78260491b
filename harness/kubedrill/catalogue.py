"""What experiments may name, assembled from the stages; and reading an experiment against it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubedrill import cluster, places
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment, read, scaled
from kubedrill.faults.activities import flaws
from kubedrill.faults.catalogue import FAULTS
from kubedrill.faults.overlap import refusals
from kubedrill.faults.rights import rights_of
from kubedrill.judge import measurers  # noqa: F401 - objectives may name the series that they declare
from kubedrill.load.describe import contradictions, describe
from kubedrill.record.catalogue import Catalogue, ClusterDescription, ProfileDescription
from kubedrill.record.override import Override
from kubedrill.words import did_you_mean


def assemble(near: Path | None = None) -> Catalogue:
    """Gather faults, the profiles of loadprofiles/ and the names in clusters/."""
    profiles = describe(*_files("loadprofiles", "*.py", near))
    return Catalogue(
        faults={fault.name: fault for fault in FAULTS},
        profiles={profile.name: profile for profile in profiles},
        clusters=tuple(path.stem for path in _files("clusters", "*.yaml", near)),
        cluster=lambda name: describe_cluster(places.cluster_file(name, near)),
        contradictions=contradictions,
        refusals=refusals,
        flaws=flaws,
        rights=rights_of,
    )


def describe_cluster(file: Path) -> ClusterDescription:
    """Return what a cluster's file promises; BadFile if it is wrong."""
    definition = cluster.load_definition(file)
    return ClusterDescription(definition.zones, cluster.capabilities(definition))


def read_experiment(
    file: Path, overrides: Sequence[str] = (), on: str | None = None, scale: float = 1.0
) -> tuple[Experiment, Catalogue]:
    """Read and check an experiment file; BadFile names file, line, and what would work.

    `on` is the cluster to run on instead of the file's, `scale` what rates and seeds are multiplied by.
    """
    catalogue = assemble(file)
    chosen = [] if on is None else [Override.cluster(on)]
    return scaled(read(file, [*overrides, *chosen], catalogue), scale, file), catalogue


def experiments() -> list[dict[str, Any]]:
    """Return a row for each experiment at hand."""
    rows: list[dict[str, Any]] = []
    told: dict[str, Any]
    for path in _files("experiments", "*.yaml", None):
        try:
            experiment, _ = read_experiment(path)
        except NotStarted as error:
            told = {"claim": "", "title": str(error), "cluster": ""}
        else:
            told = {
                "claim": experiment.claim,
                "title": experiment.title,
                "cluster": experiment.cluster,
            }
        rows.append({"experiment": path.stem, **told, "file": str(path)})
    return rows


def fault_rows() -> list[dict[str, Any]]:
    """Return a row for each fault."""
    return [
        {
            "fault": fault.name,
            "what it does": fault.doc,
            "arguments": ", ".join(fault.parameters.get("properties", {})),
            "needs": fault.capability or "",
        }
        for fault in FAULTS
    ]


def profile_rows() -> list[dict[str, Any]]:
    """Return a row for each load profile."""
    return [
        {
            "profile": profile.name,
            "what it sends": profile.doc,
            "parameters": ", ".join(profile.parameters.get("properties", {})),
            "must be allowed": permissions(profile),
        }
        for profile in assemble().profiles.values()
    ]


def profile(name: str) -> ProfileDescription:
    """Return a profile's description; NotStarted if there is no such profile."""
    known = assemble().profiles
    if name not in known:
        raise NotStarted(f'unknown profile "{name}"{did_you_mean(name, known)}')
    return known[name]


def permissions(profile: ProfileDescription) -> str:
    """Return in words what a profile's identities must be allowed to do."""
    return "; ".join(f"{verbs} {resource}" for resource, verbs in profile.permissions.items())


def parameter_rows(profile: ProfileDescription) -> list[dict[str, Any]]:
    """Return a row for each parameter of a profile."""
    return [
        {
            "parameter": parameter,
            "default": json.dumps(one["default"]),
            "takes": _takes(one),
            "what it says": one["description"],
        }
        for parameter, one in profile.parameters["properties"].items()
    ]


def _takes(schema: dict[str, Any]) -> str:
    """Return what a parameter takes, in words."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = f" {lowest} to {highest}" if lowest is not None and highest is not None else ""
    return f"{schema['type']}{bounds}"


def _files(kind: str, pattern: str, near: Path | None) -> list[Path]:
    return sorted(places.folder(kind, near).glob(pattern))
