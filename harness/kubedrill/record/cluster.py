"""A cluster as the stages see it: `cluster.json`. Who may change it talks to its handle instead."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, with_config

from kubedrill.record.limits import Limits
from kubedrill.record.lines import (
    STRICT,
    BadEvidence,
    Count,
    Json,
    MissingEvidence,
    of_schema,
    read_whole,
    write_typed,
)
from kubedrill.record.prometheus import PrometheusSource

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect. `netns` names the network namespace from which it is reached, if not ours."""

    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    netns: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who one is to the API: a client certificate (paths) or a bearer token (path), never both."""

    name: str
    certificate: str | None = None
    key: str | None = None
    token_file: str | None = None
    kubeconfig: str | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a control plane: `name` is `kind-zone` (etcd-a), haproxy has no zone."""

    name: str
    kind: str
    """etcd | kube-apiserver | kube-controller-manager | kube-scheduler | kubelet | machine | haproxy"""
    zone: str | None
    serving: Endpoint
    """Clients' port: etcd 2379, apiserver 6443, controller-manager 10257, scheduler 10259 (TLS).

    10250 of a kubelet, and of a machine, which has none of its own.
    """
    metrics: Endpoint | None = None
    """Where GET /metrics answers, over TLS with the scraper's identity."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """One part of a control plane that is broken, and looked at, by commands of the cluster's file alone.

    `name` and `kind` as of a Component. Nobody asks it anything, nor measures it.
    """

    name: str
    kind: str
    zone: str | None


BREAK_GLASS = "break-glass"
"""The identity that is to get in when nobody else does; a cluster may have none."""

AUDITOR = "auditor"
"""The identity that looks whether the API keeps its promises, and what changes beside what the drill does."""

INJECTOR = "injector"
"""The identity that faults on objects of the API act as; clusters that earlier versions made have none."""


FLEET = "fleet"
"""The identity that takes a fleet's nodes away; clusters that earlier versions made have none."""

NODE_AUTHORITY = "node-authority"
"""None that asks anything: the authority by which certificates of a fleet's nodes are made."""

ETCD_ADMIN = "etcd-admin"
"""The identity whose commands etcd's members obey; none of the API's."""


COMMANDS = "commands"
"""Of the settings: what tells the commands of a cluster's file from others, where it has any."""


AT_ETCD = "@etcd"
"""Ends the name of an identity as etcd knows it, where that trusts another authority than the API does."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """`cluster.json`: written when the cluster is up, copied into each run's folder."""

    name: str
    provider: str
    zoning: str
    """netns | loopback; foreign where they are somebody else's"""
    zones: tuple[str, ...]
    folder: str
    """The cluster's own folder, in the state folder."""
    balancer: Endpoint
    ca_file: str
    server_name: str
    """The name in every serving certificate; clients verify it whatever address they dial."""
    components: tuple[Component, ...]
    identities: dict[str, Identity]
    """admin | break-glass | prober | auditor | injector | fleet | scraper | victim | load-0 ... load-N"""
    capabilities: tuple[str, ...]
    """What may be done to it: an operation of its handle, and to what: `holding etcd`."""
    versions: dict[str, str]
    lacks: dict[str, str] = field(default_factory=dict)
    """By operation, why it may not be done."""
    scripted: tuple[Scripted, ...] = ()
    """What is broken by commands of its file, beside the components."""
    settings: dict[str, Json] = field(default_factory=dict)
    limits: Annotated[tuple[Limits, ...], Field(strict=False)] = ()
    """What no experiment may go beyond: with which it was brought up; in a run also those of its file."""
    probe_objects: Count = 1
    """How many ConfigMaps it has for probes; those that earlier versions made have one."""
    entrances: dict[str, Endpoint] = field(default_factory=dict)
    """By zone, where its nodes find the load balancer, if not where everybody does."""
    hosts: dict[str, str] = field(default_factory=dict)
    """By zone, the hostname of what runs in it, if that is not zone-NAME."""
    foreign: bool = False
    """Whether kubedrill has not made it, and it serves others: what a drill brings keeps apart from them."""
    withheld: tuple[str, ...] = ()
    """What its identities may not do of what others may: a record.rights.Right in words each."""
    expires: float | None = None
    """When the first of their tokens does, in seconds since the epoch; None where that is not near."""
    prometheus: PrometheusSource | None = None
    """Who has scraped the metrics of components that are out of reach; None: nobody is asked."""
    id: str = ""
    """Tells it from another cluster of its name: random, and in the file `id` of its folder too."""
    schema_version: Annotated[int, of_schema(SCHEMA_VERSION)] = SCHEMA_VERSION

    @property
    def load_identities(self) -> list[str]:
        """The names of those that are there for load."""
        return sorted(name for name in self.identities if name.startswith("load-"))

    def entrance(self, zone: str) -> Endpoint:
        """Return where the nodes of a zone find the API: from within the zone, where that is a place."""
        return self.entrances.get(zone, self.balancer)

    def stands(self) -> bool:
        """Whether this very cluster was not taken down yet, nor replaced by another of its name.

        Where its own record cannot be read, its file `id` tells: what was done to it can still be undone.
        """
        folder = Path(self.folder)
        try:
            return ClusterRecord.read(folder / "cluster.json").id == self.id
        except MissingEvidence:
            return False
        except BadEvidence:
            with suppress(OSError, UnicodeDecodeError):
                return (folder / "id").read_text(encoding="utf-8") == self.id
            raise

    @property
    def state(self) -> Path:
        """The state folder in which it was brought up, whatever state folder is ours."""
        return Path(self.folder).parents[1]

    def private(self, run: str) -> Path:
        """Return the private folder of a drill on this cluster, by its run."""
        return private_folder(Path(self.folder), run)

    @property
    def logs_requests(self) -> bool:
        """Whether its apiservers write a line for each request."""
        return self.settings.get("request_log") is True

    @property
    def stacked(self) -> bool:
        """Whether each apiserver talks to the etcd member of its own zone alone."""
        return self.settings.get("etcd") == "stacked"

    @property
    def embeds_etcd(self) -> bool:
        """Whether a member of etcd is in the process of each apiserver."""
        return self.settings.get("etcd") == "embedded"

    def of_kind(self, kind: str) -> tuple[Component, ...]:
        """Return the components of one kind, in the order of zones."""
        return tuple(component for component in self.components if component.kind == kind)

    @property
    def commands(self) -> str:
        """What tells the commands of its file from others; "" where it has none."""
        return str(self.settings.get(COMMANDS, ""))

    @property
    def parts(self) -> tuple[Component | Scripted, ...]:
        """All that may be broken of it: the components, and what commands reach."""
        return (*self.components, *self.scripted)

    def is_asked(self, name: str) -> bool:
        """Whether a part of that name is asked itself how it is; else commands alone tell of it."""
        return any(component.name == name for component in self.components)

    @property
    def apiservers(self) -> tuple[Endpoint, ...]:
        """Where each apiserver serves; what stands before them, where nobody knows them."""
        known = tuple(server.serving for server in self.of_kind("kube-apiserver"))
        return known or (self.balancer,)

    def component(self, name: str) -> Component:
        """Return the component of that name; BadEvidence if there is none."""
        for component in self.components:
            if component.name == name:
                return component
        raise self._lacks("components", name)

    def identity(self, name: str) -> Identity:
        """Return the identity of that name; BadEvidence if there is none."""
        if name not in self.identities:
            raise self._lacks("identities", name)
        return self.identities[name]

    def identity_at(self, name: str, endpoint: Endpoint | None) -> Identity:
        """Return the identity of that name as a server knows it; BadEvidence if there is none."""
        known = f"{name}{AT_ETCD}"
        is_etcd = any(member.serving == endpoint for member in self.of_kind("etcd"))
        return self.identity(known if is_etcd and known in self.identities else name)

    def zone_of_host(self, hostname: str) -> str:
        """Return the zone in which what has a hostname runs; "" if that is none's."""
        named = {self.hosts.get(zone, f"zone-{zone}"): zone for zone in self.zones}
        return named.get(hostname, "")

    def lacking(self, identity: str, purpose: str) -> str:
        """Return what to do if what needs an identity cannot be done here for want of it; "" if it can."""
        if identity in self.identities:
            return ""
        return (
            f"cluster {self.name}: it has no identity {identity}, which {purpose} needs; "
            f"bring it up anew: kubedrill cluster down {self.name}"
        )

    def _lacks(self, key: str, name: str) -> BadEvidence:
        file = Path(self.folder) / "cluster.json"
        return BadEvidence(file, None, f"{key}: there is no {name} among them")

    def write(self, path: Path) -> None:
        """Write `cluster.json`, whole or not at all."""
        write_typed(path, self)

    @classmethod
    def read(cls, path: Path) -> "ClusterRecord":
        """Read `cluster.json`; MissingEvidence or BadEvidence if it is missing or none."""
        return read_whole(path, cls)


def request_log(cluster_folder: Path, apiserver: str) -> Path:
    """Return where an apiserver writes a line for each request, if it does."""
    return cluster_folder / "requests" / f"{apiserver}.log"


def private_folder(cluster_folder: Path, run: str) -> Path:
    """Return where a drill keeps what must not stand in its run folder, which people hand around.

    Its credentials, and the home folder of its processes; it goes with the cluster.
    """
    return cluster_folder / "drills" / run
