"""Read an experiment: its file, what the stages say of what it names, and what follows; and what there is."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kubedrill import cluster, places
from kubedrill.cluster.provider import providers
from kubedrill.errors import NotStarted
from kubedrill.experiment import (
    Experiment,
    by_cluster,
    check_limits,
    json_schema,
    open_file,
    read_faults,
    scaled,
    settle,
)
from kubedrill.faults.activities import flaws
from kubedrill.faults.catalogue import Gathered, gather
from kubedrill.faults.fault import Fault
from kubedrill.faults.limited import as_it_is
from kubedrill.faults.overlap import refusals
from kubedrill.faults.possible import lacks, lacks_of_parameters
from kubedrill.faults.rights import rights_of
from kubedrill.judge import measurers  # noqa: F401 - objectives may name the series that they declare
from kubedrill.load.describe import NotAProfile, ProfileDescriptions, with_parameters
from kubedrill.reading.override import Override
from kubedrill.reading.text import BadText, read_text
from kubedrill.record.catalogue import (
    Action,
    Catalogue,
    ClusterDescription,
    FaultDescription,
    Named,
    ProfileDescription,
    WithParameters,
)
from kubedrill.words import did_you_mean, shown


def read_experiment(
    file: Path,
    overrides: Sequence[str | Override] = (),
    on: str | None = None,
    scale: float = 1.0,
) -> tuple[Experiment, Catalogue]:
    """Read and check an experiment file; BadFile names file, line, and what would work.

    `on` is the cluster to run on instead of the file's, `scale` what rates and seeds are multiplied by.
    """
    typed = [*overrides, *([] if on is None else [Override.cluster(on)])]
    draft = open_file(file, typed)
    if draft.file.when_cluster:
        if own := by_cluster.changes(draft, _provider_of(draft.named.cluster, file)):
            draft = open_file(file, [*own, *typed])
        by_cluster.check(draft, providers())
    gathered = gather(places.fault_files(file))
    catalogue = look_up(draft.named, gathered, file)
    faults = read_faults(draft, catalogue)
    refused = (
        refusals(gathered.kinds, [*faults.values()], catalogue.cluster) if catalogue.cluster else ()
    )
    experiment = scaled(settle(draft, catalogue, faults, refused), scale, file)
    check_limits(experiment, catalogue, draft.problems)
    return experiment, catalogue


def _provider_of(name: str | None, near: Path) -> str:
    """Return who provides the cluster of that name; "" where its file does not say: that is told later."""
    try:
        return cluster.load_definition(places.folder("clusters", near) / f"{name}.yaml").provider
    except NotStarted:
        return ""


def look_up(named: Named, gathered: Gathered, near: Path) -> Catalogue:
    """Return what there is, and what the stages say of what is named; BadFile if its cluster's file is."""
    paths = {path.stem: path for path in _files("clusters", "*.yaml", near)}
    known = profiles(near)
    found = known.look_at(dict.fromkeys(name for name, _ in named.loads.values()))
    described = {
        name: profile for name, profile in found.items() if not isinstance(profile, NotAProfile)
    }
    file = paths.get(named.cluster or "")
    actions, untold = look_at_actions(named.actions)
    described_cluster, flaws = cluster.describe_file(file, named.changes) if file else (None, [])
    return Catalogue(
        faults={fault.name: fault for fault in gathered.descriptions},
        unreadable=gathered.wrong,
        clusters=tuple(paths),
        cluster=described_cluster,
        cluster_flaws=flaws,
        known_profiles=tuple(known),
        profiles=described,
        no_profiles={
            name: str(profile) for name, profile in found.items() if name not in described
        },
        loads=_look_at_loads(named.loads, described),
        actions=actions,
        untold=untold,
    )


def _look_at_loads(
    loads: Mapping[int, tuple[str, Mapping[str, Any]]], profiles: Mapping[str, ProfileDescription]
) -> dict[int, WithParameters]:
    """Return what the profiles say of the parameters they are given."""
    asked = {
        index: (profiles[name], given) for index, (name, given) in loads.items() if name in profiles
    }
    return dict(zip(asked, with_parameters([*asked.values()]), strict=True))


def look_at_actions(actions: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Action], str]:
    """Return what is known of actions; or why nothing could be found out."""
    try:
        found = zip(actions.items(), flaws([*actions.values()]), strict=True)
    except NotStarted as error:
        return {}, str(error)
    return {
        text: Action(tuple(wrong), None if wrong else rights_of(action))
        for (text, action), wrong in found
    }, ""


def describe_cluster(file: Path) -> ClusterDescription:
    """Return what a cluster's file promises; BadFile if it is wrong."""
    described, _ = cluster.describe_file(file, {})
    assert described is not None  # nothing is changed that could be wrong
    return described


def check_file(
    file: Path,
    overrides: Sequence[str | Override] = (),
    on: str | None = None,
    scale: float = 1.0,
) -> tuple[Experiment, Catalogue] | None:
    """Check the file of an experiment, which is returned, or of a cluster; NotStarted says what is wrong.

    `on` is the cluster to run on instead of the file's.
    """
    if not _is_of_a_cluster(file):
        return read_experiment(file, overrides, on, scale)
    if overrides or on or scale != 1:
        raise NotStarted(
            f"{file}: --set, --cluster and --scale are for experiments, and this is a cluster"
        )
    describe_cluster(file)
    return None


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


def fault_rows(on: str | None = None) -> list[dict[str, Any]]:
    """Return a row for each fault, and for each file of faults/ that cannot be read.

    With a cluster's name, whether it can take each, and if not, why; NotStarted if there is none.
    """
    gathered = gather(places.fault_files())
    takers = _takers(on) if on else ()
    rows = [
        {
            "fault": fault.name,
            "what it does": fault.doc,
            "arguments": ", ".join(fault.parameters.get("properties", {})),
            "needs": ", ".join(fault.needs),
            **({f"on {on}": _can_take(gathered.kinds[fault.name], takers)} if on else {}),
            "wrong": False,
        }
        for fault in gathered.descriptions
    ]
    nothing = {"arguments": "", "needs": "", **({f"on {on}": "no"} if on else {}), "wrong": True}
    return rows + [{"fault": "", "what it does": why, **nothing} for why in gathered.wrong]


def _takers(name: str) -> tuple[ClusterDescription, ...]:
    """Return a cluster as its file promises it, and as it is if it is up: it must take a fault as both."""
    promised = describe_cluster(places.cluster_file(name))
    record = cluster.find(name)
    return (promised, as_it_is(record)) if record else (promised,)


def _can_take(kind: type[Fault], takers: Sequence[ClusterDescription]) -> str:
    """Return `yes`, but for which parameters not; or `no`; and why: a limit, or what is lacking."""
    reasons = dict.fromkeys(
        why
        for described in takers
        for why in (
            *filter(None, (limits.forbids(kind.name) for limits in described.limits)),
            *lacks(kind, described),
        )
    )
    if reasons:
        return f"no: {'; '.join(reasons)}"
    parts = dict.fromkeys(part for told in takers for part in lacks_of_parameters(kind, told))
    return f"yes, but not {', '.join(parts)}" if parts else "yes"


def profile_rows() -> list[dict[str, Any]]:
    """Return a row for each file of loadprofiles/: what it sends, or why it is no profile."""
    return [_profile_row(name, described) for name, described in profiles().look_at_all().items()]


def _profile_row(name: str, profile: ProfileDescription | NotAProfile) -> dict[str, Any]:
    if isinstance(profile, NotAProfile):
        told = (f"not a load profile: {profile.reason}", "", "", True)
    else:
        parameters = ", ".join(profile.parameters.get("properties", {}))
        told = (profile.doc, parameters, permissions(profile), False)
    keys = ("what it sends", "parameters", "must be allowed", "wrong")
    return {"profile": name, **dict(zip(keys, told, strict=True))}


def profile(name: str) -> ProfileDescription:
    """Return a profile's description; NotStarted if there is no such profile, or its file is none."""
    known = profiles()
    if name not in known:
        raise NotStarted(f'unknown profile "{shown(name)}"{did_you_mean(name, known)}')
    return known[name]


def experiment_schema() -> dict[str, Any]:
    """Return the JSON Schema of experiment files, for editors."""
    return json_schema(faults(), cluster.json_schema())


def faults() -> tuple[FaultDescription, ...]:
    """Return what there is to break, for the schema of experiment files."""
    return gather(places.fault_files()).descriptions


def permissions(profile: ProfileDescription) -> str:
    """Return in words what a profile's identities must be allowed to do."""
    return "; ".join(f"{verbs} {resource}" for resource, verbs in profile.permissions.items())


def parameter_rows(profile: ProfileDescription) -> list[dict[str, Any]]:
    """Return a row for each parameter of a profile."""
    return [
        {
            "parameter": parameter,
            "default": json.dumps(schema["default"]) if "default" in schema else "needed",
            "takes": _takes(schema),
            "what it says": schema.get("description", ""),
        }
        for parameter, schema in profile.parameters["properties"].items()
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


def profiles(near: Path | None = None) -> ProfileDescriptions:
    """Return the load profiles at hand, by their names."""
    return ProfileDescriptions(_files("loadprofiles", "*.py", near))


def _files(kind: str, pattern: str, near: Path | None) -> list[Path]:
    return sorted(places.folder(kind, near).glob(pattern))
