"""What experiments may name, assembled from the stages; and reading an experiment against it."""

import json
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kubedrill import cluster, places
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment, read, scaled
from kubedrill.faults.activities import flaws
from kubedrill.faults.catalogue import gather
from kubedrill.faults.overlap import refusals
from kubedrill.faults.rights import rights_of
from kubedrill.judge import measurers  # noqa: F401 - objectives may name the series that they declare
from kubedrill.load.describe import NotAProfile, Profiles, with_parameters
from kubedrill.reading.override import Override
from kubedrill.reading.text import BadText, read_text
from kubedrill.record.catalogue import Catalogue, ClusterDescription, ProfileDescription


def assemble(near: Path | None = None) -> Catalogue:
    """Gather faults, the profiles of loadprofiles/ and the names in clusters/."""
    gathered = gather(places.fault_files(near))
    return Catalogue(
        faults={fault.name: fault for fault in gathered.descriptions},
        unreadable=gathered.wrong,
        profiles=_profiles(near),
        clusters=tuple(path.stem for path in _files("clusters", "*.yaml", near)),
        cluster=lambda name: describe_cluster(places.cluster_file(name, near)),
        with_parameters=with_parameters,
        refusals=partial(refusals, gathered.kinds),
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


def check_file(file: Path, overrides: Sequence[str] = (), scale: float = 1.0) -> None:
    """Check the file of an experiment, or of a cluster; NotStarted says what is wrong with it."""
    if not _is_of_a_cluster(file):
        read_experiment(file, overrides, scale=scale)
    elif overrides or scale != 1:
        raise NotStarted(f"{file}: --set and --scale are for experiments, and this is a cluster")
    else:
        describe_cluster(file)


def _is_of_a_cluster(file: Path) -> bool:
    if file.parent.name == "clusters":
        return True
    try:
        return bool(_PROVIDER.search(read_text(file)))
    except BadText:
        return False  # whoever reads it says what is wrong with it


_PROVIDER = re.compile("^provider:", re.MULTILINE)
"""The key that a cluster's file needs, and no experiment has."""


def experiments() -> list[dict[str, Any]]:
    """Return a row for each experiment at hand."""
    rows: list[dict[str, Any]] = []
    told: dict[str, Any]
    for path in _files("experiments", "*.yaml", None):
        try:
            experiment, _ = read_experiment(path)
        except NotStarted as error:
            told = {"claim": "", "title": str(error), "cluster": "", "wrong": True}
        else:
            told = {
                "claim": experiment.claim,
                "title": experiment.title,
                "cluster": experiment.cluster,
                "wrong": False,
            }
        rows.append({"experiment": path.stem, **told, "file": str(path)})
    return rows


def fault_rows() -> list[dict[str, Any]]:
    """Return a row for each fault, and for each file of faults/ that cannot be read."""
    gathered = gather(places.fault_files())
    rows = [
        {
            "fault": fault.name,
            "what it does": fault.doc,
            "arguments": ", ".join(fault.parameters.get("properties", {})),
            "needs": fault.capability or "",
            "wrong": False,
        }
        for fault in gathered.descriptions
    ]
    nothing = {"arguments": "", "needs": "", "wrong": True}
    return rows + [{"fault": "", "what it does": why, **nothing} for why in gathered.wrong]


def profile_rows() -> list[dict[str, Any]]:
    """Return a row for each file of loadprofiles/: what it sends, or why it is no profile."""
    return [_profile_row(name, one) for name, one in _profiles().look_at_all().items()]


def _profile_row(name: str, profile: ProfileDescription | NotAProfile) -> dict[str, Any]:
    if isinstance(profile, NotAProfile):
        told = (f"not a load profile: {profile.reason}", "", "", True)
    else:
        parameters = ", ".join(profile.parameters.get("properties", {}))
        told = (profile.doc, parameters, permissions(profile), False)
    keys = ("what it sends", "parameters", "must be allowed", "wrong")
    return {"profile": name, **dict(zip(keys, told, strict=True))}


def profile(name: str) -> ProfileDescription:
    """Return a profile's description; NotStarted if there is no such profile."""
    return assemble().profile(name)


def permissions(profile: ProfileDescription) -> str:
    """Return in words what a profile's identities must be allowed to do."""
    return "; ".join(f"{verbs} {resource}" for resource, verbs in profile.permissions.items())


def parameter_rows(profile: ProfileDescription) -> list[dict[str, Any]]:
    """Return a row for each parameter of a profile."""
    return [
        {
            "parameter": parameter,
            "default": json.dumps(one["default"]) if "default" in one else "needed",
            "takes": _takes(one),
            "what it says": one.get("description", ""),
        }
        for parameter, one in profile.parameters["properties"].items()
    ]


def _takes(schema: dict[str, Any]) -> str:
    """Return what a parameter takes, in words."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(map(_takes, schema["anyOf"]))
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = f" {lowest} to {highest}" if lowest is not None and highest is not None else ""
    return f"{schema.get('type', 'anything')}{bounds}"


def _profiles(near: Path | None = None) -> Profiles:
    return Profiles(_files("loadprofiles", "*.py", near))


def _files(kind: str, pattern: str, near: Path | None) -> list[Path]:
    return sorted(places.folder(kind, near).glob(pattern))
