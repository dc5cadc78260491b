"""What an experiment may name: faults, load profiles, clusters; and what the stages say of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from kubedrill.reading.problems import Location
from kubedrill.record.limits import Limits, LimitsPart
from kubedrill.record.notice import NotifyPart
from kubedrill.record.prometheus import PrometheusSource
from kubedrill.words import did_you_mean, shown

Lasts = Literal["momentary", "lasting", "irreversible"]
"""Whether a fault is over at once (a leader moved), goes on until its undo, or can never be undone."""


OperationName = Literal[
    "holding",
    "pausing",
    "cutting",
    "shaping",
    "entering",
    "limiting",
    "flagging",
    "balancing",
    "commanding",
]
"""What may be done to a cluster, as it is called on its handle."""


class Need(NamedTuple):
    """What a fault needs of a cluster: an operation, and that it can be done to things of this kind."""

    operation: OperationName
    of: str
    """A kind of component, `node`, `zone`, `link`, or what is limited: `cpu`, `memory`, `disk`."""
    way: str = ""
    """How it is done, where a cluster may have it one way and not another: `kill`, `stop`."""

    def __str__(self) -> str:
        return f"{self.operation} {self.of}"

    @property
    def in_detail(self) -> str:
        """By what a cluster's `lacks` say that it is not done this way: `holding etcd by stop`."""
        return f"{self} by {self.way}"


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
    needs: tuple[str, ...]
    """What may have to be done to the cluster, as in ClusterDescription's `capabilities`."""
    doc: str
    """One sentence: what it does."""
    blast_radius: str = ""
    """What is hit at most, and what is refused; `{argument}` stands for an argument's value."""
    lasts: Lasts = "lasting"
    effect_s: float = 0.0
    """How long its effect may take to be proven: of a momentary one, until it is over."""
    hits: str = ""
    """The argument that says whom: names of zones or nodes, or one of CHOSEN_LATER; "" if nobody is named."""
    target: str = ""
    """What plan and report call the one that the argument calls so: `etcd-{}`."""
    known_before: bool = True
    """Whether those that may be hit are the zones; else nobody knows them before it is injected."""
    of_fleet: bool = False
    """Whether only hollow nodes of a fleet do what it asks for."""
    ways: tuple[str, ...] = ()
    """How what it needs is done, as in Need: `kill`."""


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


class Makes(NamedTuple):
    """What of one kind of object a load makes, at most; those that it deletes again count, too."""

    size: int
    """Bytes of each as it is stored, about."""
    before: int = 0
    """How many before its first arrival."""
    each: float = 0.0
    """How many an arrival makes, on average."""
    most: int | None = None
    """How many all arrivals make together, where there is an end to it."""

    def count(self, arrivals: float) -> int:
        """Return how many there are after so many arrivals."""
        made = math.ceil(round(self.each * arrivals, 6))
        return self.before + (made if self.most is None else min(made, self.most))


def may_create(permissions: Mapping[str, str]) -> bool:
    """Whether a profile with these permissions may make objects, of any kind."""
    return any("create" in verbs for verbs in permissions.values())


class WithParameters(NamedTuple):
    """What a load profile says when it is given parameters, each of them right by itself."""

    wrong: str
    """Why they contradict each other; "" if they do not."""
    series: tuple[str, ...]
    """As in ProfileDescription, which has those of its defaults."""
    makes: tuple[Makes, ...] | None = None
    """None where the profile does not say."""
    permissions: Mapping[str, str] = MappingProxyType({})
    """What its identities must be allowed to do: by resource, as kubectl has it, the verbs."""


class ClusterDefinition(Protocol):
    """What a cluster's file says, as its provider reads it."""

    @property
    def provider(self) -> str:
        """The provider's name."""
        ...

    @property
    def limits(self) -> LimitsPart:
        """What no experiment may go beyond: the same key for every provider."""
        ...

    @property
    def notify(self) -> NotifyPart | None:
        """Whom to tell before anything is injected."""
        ...


@dataclass(frozen=True, slots=True)
class ClusterDescription:
    """What a cluster has, or its file promises."""

    zones: tuple[str, ...]
    capabilities: tuple[str, ...]
    """What may be done to it: a Need in words each."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """By operation, or by a Need in words, why it may not be done."""
    limits: tuple[Limits, ...] = ()
    """What no experiment may go beyond: of the file, and those with which it was brought up."""
    definition: ClusterDefinition | None = field(default=None, compare=False)
    """The file, if it was described by one."""
    provider: str = field(default="", compare=False)
    """Who provides it; "" where nobody does yet."""
    identities: tuple[str, ...] | None = None
    """As whom one may ask it; None where that is not known before it is up."""
    foreign: bool = False
    """Whether kubedrill does not make it, and it serves others."""
    observed: tuple[str, ...] | None = None
    """The kinds of components whose processes and metrics can be seen; None: all."""
    embeds_etcd: bool = False
    """Whether a member of etcd is in the process of each apiserver, and ends with that."""
    runs_pods: bool = False
    """Whether it has nodes on which containers run, other than those of a fleet."""
    prometheus: PrometheusSource | None = None
    """Who tells of those among them that are out of reach; None: nobody is asked."""
    commands: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """By component and by how it is broken (`kill`), in words what is run for it, and then to undo it."""
    fingerprint: str = ""
    """What tells these commands from others; "" where there are none."""

    @property
    def scraped(self) -> tuple[str, ...]:
        """Of the kinds that are observed, those whose own pages of metrics are read."""
        told = self.prometheus.select if self.prometheus else {}
        return tuple(kind for kind in self.observed or () if kind not in told)

    def why_not(self, need: str) -> str:
        """Return why a need is not among the capabilities; "" if nothing is known of that."""
        operation = need.partition(" ")[0]
        return self.lacks.get(need) or self.lacks.get(operation, "")


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
    where: Location
    """The way to what is wrong, from the fault's arguments: mostly the one that says what is hit."""
    why: str


Rule = Mapping[str, Sequence[str]]
"""A rule of RBAC: `apiGroups`, `resources`, `verbs`, as in a ClusterRole."""


class Flaw(NamedTuple):
    """What is wrong with a part of the file that only a stage understands: an activity, a cluster's key."""

    where: Location
    """The way to it, from that part's own beginning."""
    why: str


class Action(NamedTuple):
    """What is known of an activity of another extension, or of its rollback, before it is played."""

    flaws: tuple[Flaw, ...]
    rights: tuple[Rule, ...] | None
    """What it must be allowed to do in the cluster; None if that is not known."""


@dataclass(frozen=True, slots=True)
class Named:
    """What an experiment file names of which only the stages can say more."""

    cluster: str | None
    changes: Mapping[str, Any]
    """What is changed of the cluster's file, by its keys."""
    loads: Mapping[int, tuple[str, Mapping[str, Any]]]
    """Of each load, by its position, the profile and the parameters."""
    actions: Mapping[str, Mapping[str, Any]]
    """Activities and rollbacks that have `type`, `name` and `provider`, by their JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What an experiment file may name, and what the stages say of what it names: data, which asks nobody."""

    faults: Mapping[str, FaultDescription] = field(default_factory=dict)
    unreadable: Sequence[str] = ()
    """What is wrong with files of faults/, in words."""
    clusters: Sequence[str] = ()
    """The names of all."""
    cluster: ClusterDescription | None = None
    """The one that is named, as it is changed; None if there is none of that name, or it cannot be."""
    cluster_flaws: Sequence[Flaw] = ()
    """What is wrong with what is changed of it."""
    known_profiles: Sequence[str] = ()
    """The names of all."""
    profiles: Mapping[str, ProfileDescription] = field(default_factory=dict)
    """Those that are named."""
    no_profiles: Mapping[str, str] = field(default_factory=dict)
    """Why files whose profiles are named are none, by their names."""
    loads: Mapping[int, WithParameters] = field(default_factory=dict)
    """What the profiles say of the parameters they are given, as in Named."""
    actions: Mapping[str, Action] = field(default_factory=dict)
    """As in Named."""
    untold: str = ""
    """Why nothing could be found out about actions; "" if it could."""

    @property
    def limits(self) -> tuple[Limits, ...]:
        """What no experiment on the cluster that is named may go beyond."""
        return self.cluster.limits if self.cluster else ()

    def series(self, index: int, profile: str) -> tuple[str, ...]:
        """Return the series of the load at that position, as its profile's parameters make them."""
        answer, known = self.loads.get(index), self.profiles.get(profile)
        return answer.series if answer else known.series if known else ()

    def no_profile(self, name: str) -> str:
        """Return why there is no profile of a name, and what would work."""
        unknown = f'unknown profile "{shown(name)}"{did_you_mean(name, self.known_profiles)}'
        return self.no_profiles.get(name) or unknown
