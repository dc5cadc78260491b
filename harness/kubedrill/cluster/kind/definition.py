"""A cluster of kind's as a person writes it: `clusters/NAME.yaml`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.cluster.engine import WantedEngine
from kubedrill.cluster.tools import ZONE_NAMES
from kubedrill.reading.problems import Location
from kubedrill.reading.types import matching
from kubedrill.words import did_you_mean

PASSED_ON = (
    "containerdConfigPatches",
    "containerdConfigPatchesJSON6902",
    "featureGates",
    "kubeadmConfigPatches",
    "kubeadmConfigPatchesJSON6902",
    "networking",
    "runtimeConfig",
)
"""What of kind's own config may be given; name and nodes are said by other keys."""


class KindDefinition(BaseModel):
    """Nodes as containers of this machine, made by kind, or one of its clusters that is up."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    provider: Literal["kind"]
    existing: Annotated[
        str, matching(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "names no kind cluster")
    ] = ""
    """A cluster that `kind get clusters` tells of: it is used, and never deleted. "": one is made."""
    control_planes: Literal[1, 3, 5] = 3
    """A zone each, with an etcd member, apiserver, controller-manager and scheduler."""
    workers: Annotated[int, Field(ge=0, le=9)] = 0
    image: str = ""
    """Of the nodes; that of kind if none is named."""
    engine: WantedEngine = "auto"
    """What runs the containers; auto: that which answers, docker first."""
    config: dict[str, Any] = Field(default_factory=dict)
    """More of kind's own config: PASSED_ON."""
    load_users: Annotated[int, Field(ge=1, le=1000)] = 8
    """ServiceAccounts for load: as many users as API Priority and Fairness tells apart."""

    @property
    def zones(self) -> tuple[str, ...]:
        """What the zones are called."""
        return tuple(ZONE_NAMES[: self.control_planes])


def wrong(definition: KindDefinition) -> Iterator[tuple[Location, str]]:
    """Yield where a definition is wrong, and why, as far as its form alone does not say."""
    networking = definition.config.get("networking", {})
    if not isinstance(networking, dict):
        yield ("config", "networking"), "config.networking: must be a mapping, as kind has it"
    elif networking.get("ipFamily") == "ipv6":
        where = ("config", "networking", "ipFamily")
        yield (
            where,
            "config.networking.ipFamily: drills know nodes by IPv4 addresses; say ipv4 or dual",
        )
    for key in definition.config:
        if key not in PASSED_ON:
            why = f"only {', '.join(PASSED_ON)} may be given{did_you_mean(key, PASSED_ON)}"
            yield ("config", key), f"config.{key}: {why}"
    if definition.existing:
        made = definition.model_fields_set & {"workers", "image", "config"}
        for key in sorted(made):
            yield (
                (key,),
                f"{key}: said of a cluster that is made; {definition.existing} is there already",
            )
