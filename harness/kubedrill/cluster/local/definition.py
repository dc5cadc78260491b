"""A local cluster as a person writes it: `clusters/NAME.yaml`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.cluster.handle import FlagValue
from kubedrill.cluster.local import flags
from kubedrill.cluster.local.flags import Kind
from kubedrill.reading.problems import Location, dotted
from kubedrill.reading.types import matching
from kubedrill.record.catalogue import CHOSEN_LATER

Zone = Annotated[str, matching("[a-z0-9]{1,8}", "is not a zone's name: 1 to 8 of a-z and 0-9")]
Version = Annotated[str, matching(r"v?[0-9]+\.[0-9]+\.[0-9]+", "is not a version, such as v1.37.2")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Versions(_Strict):
    """The versions that the cluster must have; whatever is found if they are not given."""

    kubernetes: Version | None = None
    etcd: Version | None = None


class LocalDefinition(_Strict):
    """Zones of upstream binaries as processes on this machine, and their settings."""

    provider: Literal["local"]
    zones: Annotated[tuple[Zone, ...], Field(min_length=1, max_length=9)] = ("a", "b", "c")
    """One etcd member, apiserver, controller-manager and scheduler in each."""
    zoning: Literal["auto", "netns", "loopback"] = "auto"
    """netns: a network namespace a zone (root only); loopback: an address a zone; auto: what works."""
    etcd: Literal["all", "stacked"] = "all"
    """The etcd members an apiserver talks to: all of them, or only the one in its own zone."""
    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    """The load balancer's port on 127.0.0.1; a free one is found if it is not given."""
    load_users: Annotated[int, Field(ge=1, le=1000)] = 8
    """ServiceAccounts for load: as many users as API Priority and Fairness tells apart."""
    request_log: bool = False
    """Whether each apiserver writes a line for each request, by which a drill knows who asks what."""
    flags: dict[Kind, dict[str, FlagValue]] = Field(default_factory=dict)
    """More flags of a component, without the leading dashes; they win over our own.

    `local.flags` says which may be given."""
    versions: Versions = Versions()


def wrong(definition: LocalDefinition) -> Iterator[tuple[Location, str]]:
    """Yield where a definition is wrong, and why, as far as its form alone does not say."""
    for index, zone in enumerate(definition.zones):
        if zone in CHOSEN_LATER:
            message = f'zones: "{zone}" is what faults call the member that they choose themselves'
            yield ("zones", index), f"{message}; give the zone another name"
    if len(set(definition.zones)) < len(definition.zones):
        yield ("zones",), "zones: the same zone twice; give each a name of its own"
    for kind, given in definition.flags.items():
        for name, why in flags.wrong(kind, given):
            place = ("flags", kind, name)
            yield place, f"{dotted(place)}: {why}"
