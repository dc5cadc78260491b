"""What an experiment may name: faults, load profiles, clusters. Assembled by the command line."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from kubedrill.errors import NotStarted
from kubedrill.reading.problems import Location
from kubedrill.words import did_you_mean, shown

Lasts = Literal["momentary", "lasting", "irreversible"]
"""Whether a fault is over at once (a leader moved), goes on until its undo, or can never be undone."""


CHOSEN_LATER = ("leader", "random")
"""Whom a fault hits, where that is known only when it is injected: one of those that are there then."""


@dataclass(frozen=True, slots=True)
class FaultDescription:
    """One fault: `module.inject(**arguments, run=, index=)` and `module.undo(run=, index=)`."""

    name: str
    """As the experiment names it: `etcd.kill`."""
    module: str
    inject: str
    undo: str
    file: str
    """The user's file that it is in; empty for those of this package."""
    parameters: Mapping[str, Any]
    """JSON Schema of the arguments a person may give: an object with `properties`, each with `type`,
    and where they apply `enum`, `minimum`, `maximum`, `default`, `description`."""
    capability: str | None
    """What the cluster must be able to do, as in its record's `capabilities`."""
    doc: str
    """One sentence: what it does."""
    blast_radius: str = ""
    """What is hit at most, and what is refused; `{argument}` stands for an argument's value."""
    lasts: Lasts = "lasting"
    hits: str = ""
    """The argument that says whom: names of zones or nodes, or one of CHOSEN_LATER."""
    target: str = ""
    """What plan and report call the one that the argument calls so: `etcd-{}`."""


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


class WithParameters(NamedTuple):
    """What a load profile says when it is given parameters, each of them right by itself."""

    wrong: str
    """Why they contradict each other; "" if they do not."""
    series: tuple[str, ...]
    """As in ProfileDescription, which has those of its defaults."""


@dataclass(frozen=True, slots=True)
class ClusterDescription:
    """What the file of a cluster promises."""

    zones: tuple[str, ...]
    capabilities: tuple[str, ...]


class TimedFault(Protocol):
    """What is needed of a fault to tell which others overlap it; times in seconds."""

    @property
    def name(self) -> str:
        """As the experiment names it."""
        ...

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What the experiment gives it."""
        ...

    @property
    def inject_s(self) -> float:
        """From the drill's start."""
        ...

    @property
    def undo_s(self) -> float:
        """From the drill's start."""
        ...


class Refusal(NamedTuple):
    """Why a fault may not be injected."""

    number: int
    """Of the fault among those that were asked about."""
    argument: str
    """The argument that says what is hit."""
    why: str


Rule = Mapping[str, Sequence[str]]
"""A rule of RBAC: `apiGroups`, `resources`, `verbs`, as in a ClusterRole."""


class Flaw(NamedTuple):
    """What is wrong with an activity of another extension."""

    where: Location
    """The way to it, from the activity."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything an experiment may name, and what only the stages can say of it."""

    faults: Mapping[str, FaultDescription] = field(default_factory=dict)
    unreadable: Sequence[str] = ()
    """What is wrong with files of faults/, in words."""
    profiles: Mapping[str, ProfileDescription] = field(default_factory=dict)
    """By name; to ask for one may raise NotStarted, where its file is no profile."""
    clusters: tuple[str, ...] = ()
    cluster: Callable[[str], ClusterDescription]
    """Describe one of the clusters; BadFile if its file is wrong."""
    with_parameters: Callable[
        [Sequence[tuple[ProfileDescription, Mapping[str, Any]]]], list[WithParameters]
    ]
    """Say of each profile what only it can say of its parameters."""
    refusals: Callable[[Sequence[TimedFault], ClusterDescription], Iterable[Refusal]]
    """Say which faults the cluster cannot take, or not together."""
    flaws: Callable[[Sequence[Mapping[str, Any]]], list[list[Flaw]]]
    """Say of each activity, which has `type`, `name` and `provider`, what is wrong with it."""
    rights: Callable[[Mapping[str, Any]], tuple[Rule, ...] | None]
    """Return what an activity must be allowed to do in the cluster; None if that is not known."""

    def profile(self, name: str) -> ProfileDescription:
        """Return a profile that somebody names; NotStarted if there is none, or its file is no profile."""
        if name not in self.profiles:
            raise NotStarted(f'unknown profile "{shown(name)}"{did_you_mean(name, self.profiles)}')
        return self.profiles[name]
