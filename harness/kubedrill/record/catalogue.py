"""What an experiment may name: faults, load profiles, clusters. Assembled by the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FaultDescription:
    """One fault: `module.inject(**arguments, run=, index=)` and `module.undo(run=, index=)`."""

    name: str
    """As the experiment names it: `etcd.kill`."""
    module: str
    inject: str
    undo: str
    parameters: Mapping[str, Any]
    """JSON Schema of the arguments a person may give: an object with `properties`, each with `type`,
    and where they apply `enum`, `minimum`, `maximum`, `default`, `description`."""
    capability: str | None
    """What the cluster must be able to do, as in its record's `capabilities`."""
    doc: str
    """One sentence: what it does."""
    blast_radius: str = ""
    """What is hit at most, and what is refused; `{argument}` stands for an argument's value."""


@dataclass(frozen=True, slots=True)
class ProfileDescription:
    """One load profile: a locustfile."""

    name: str
    path: str
    parameters: Mapping[str, Any]
    """JSON Schema of what `with:` may hold, as in FaultDescription."""
    series: tuple[str, ...] = ()
    permissions: Mapping[str, str] = field(default_factory=dict)
    """What RBAC must allow: by resource the verbs, as in KubernetesUser.permissions."""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything an experiment may name."""

    faults: Mapping[str, FaultDescription] = field(default_factory=dict)
    profiles: Mapping[str, ProfileDescription] = field(default_factory=dict)
    clusters: tuple[str, ...] = ()
