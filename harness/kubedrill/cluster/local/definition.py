"""A local cluster as a person writes it: `clusters/NAME.yaml`."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.cluster.handle import FlagValue
from kubedrill.cluster.local import flags
from kubedrill.cluster.local.flags import Kind
from kubedrill.reading.problems import Location, dotted
from kubedrill.reading.types import matching
from kubedrill.record.catalogue import CHOSEN_LATER
from kubedrill.words import did_you_mean, shown

Zone = Annotated[str, matching("[a-z0-9]{1,8}", "is not a zone's name: 1 to 8 of a-z and 0-9")]
RUNTIME = {
    "GOGC": (r"[1-9][0-9]{0,4}|off", "a share in percent, such as 400, or off"),
    "GOMEMLIMIT": (r"[1-9][0-9]*([KMGT]i)?B|off", "a size, such as 4GiB, or off"),
    "GOMAXPROCS": (r"[1-9][0-9]{0,3}", "a number of threads, such as 2"),
}
"""What Go's runtime reads of a component's environment: name, form, and the form in words."""
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
    environment: dict[Kind, dict[str, str | int]] = Field(default_factory=dict)
    """Of a component, what Go's runtime is told: RUNTIME."""
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
    yield from _wrong_variables(definition.environment)


def _wrong_variables(
    environment: Mapping[Kind, Mapping[str, str | int]],
) -> Iterator[tuple[Location, str]]:
    for kind, variables in environment.items():
        for name, value in variables.items():
            place = ("environment", kind, name)
            if name not in RUNTIME:
                why = f"only what Go's runtime reads may be given{did_you_mean(name, RUNTIME)}"
                yield place, f"{dotted(place)}: {why}"
            elif not re.fullmatch(RUNTIME[name][0], str(value)):
                yield place, f"{dotted(place)}: {shown(str(value))} is not {RUNTIME[name][1]}"
