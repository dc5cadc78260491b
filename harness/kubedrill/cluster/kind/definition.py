"""A cluster of kind's as a person writes it: `clusters/NAME.yaml`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from kubedrill.cluster.tool_definition import (
    ZONE_NAMES,
    ToolDefinition,
    wrong_config,
    wrong_for_existing,
)
from kubedrill.reading.problems import Location

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


class KindDefinition(ToolDefinition):
    """Nodes as containers of this machine, made by kind, or one of its clusters that is up."""

    provider: Literal["kind"]
    control_planes: Literal[1, 3, 5] = 3
    """A zone each, with an etcd member, apiserver, controller-manager and scheduler."""
    workers: Annotated[int, Field(ge=0, le=9)] = 0

    @property
    def zones(self) -> tuple[str, ...]:
        """What the zones are called."""
        return tuple(ZONE_NAMES[: self.control_planes])


DEFINITION = KindDefinition


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
    yield from wrong_config(definition.config, PASSED_ON, "config")
    yield from wrong_for_existing(definition, "workers")
