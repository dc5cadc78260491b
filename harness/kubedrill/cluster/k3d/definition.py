"""A cluster of k3d's as a person writes it: `clusters/NAME.yaml`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.cluster.engine import WantedEngine
from kubedrill.cluster.tools import ZONE_NAMES
from kubedrill.reading.problems import Location
from kubedrill.reading.types import matching
from kubedrill.words import did_you_mean

PASSED_ON = ("env", "files", "hostAliases", "options", "ports", "registries", "token", "volumes")
"""What of k3d's own config may be given; name, servers, agents, image and subnet are said by other keys."""
OPTIONS = ("k3s", "runtime")
"""What of its `options`: those of `k3d` and `kubeconfig` are ours."""


class K3dDefinition(BaseModel):
    """Servers of k3s as containers of this machine, made by k3d, or one of its clusters that is up."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    provider: Literal["k3d"]
    existing: Annotated[
        str, matching(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "names no k3d cluster")
    ] = ""
    """A cluster that `k3d cluster list` tells of: it is used, and never deleted. "": one is made."""
    servers: Literal[1, 3, 5] = 3
    """A zone each: one process that holds apiserver, etcd, controllers and kubelet."""
    agents: Annotated[int, Field(ge=0, le=9)] = 0
    image: str = ""
    """Of the nodes; that of k3d if none is named."""
    engine: WantedEngine = "auto"
    """What runs the containers."""
    config: dict[str, Any] = Field(default_factory=dict)
    """More of k3d's own config: PASSED_ON."""
    load_users: Annotated[int, Field(ge=1, le=1000)] = 8
    """ServiceAccounts for load: as many users as API Priority and Fairness tells apart."""

    @property
    def zones(self) -> tuple[str, ...]:
        """What the zones are called."""
        return tuple(ZONE_NAMES[: self.servers])


def wrong(definition: K3dDefinition) -> Iterator[tuple[Location, str]]:
    """Yield where a definition is wrong, and why, as far as its form alone does not say."""
    yield from _not_among(("config",), definition.config, PASSED_ON)
    options = definition.config.get("options", {})
    if isinstance(options, dict):
        yield from _not_among(("config", "options"), options, OPTIONS)
    else:
        yield ("config", "options"), "config.options: must be a mapping, as k3d has it"
    if definition.existing:
        for key in sorted(definition.model_fields_set & {"agents", "image", "config"}):
            yield (
                (key,),
                f"{key}: said of a cluster that is made; {definition.existing} is there already",
            )


def _not_among(
    where: Location, given: dict[str, Any], known: tuple[str, ...]
) -> Iterator[tuple[Location, str]]:
    for key in given:
        if key not in known:
            said = ".".join(map(str, (*where, key)))
            why = f"only {', '.join(known)} may be given{did_you_mean(key, known)}"
            yield (*where, key), f"{said}: {why}"
