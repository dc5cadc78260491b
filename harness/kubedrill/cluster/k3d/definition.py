"""A cluster of k3d's as a person writes it: `clusters/NAME.yaml`."""

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

PASSED_ON = ("env", "files", "hostAliases", "options", "ports", "registries", "token", "volumes")
"""What of k3d's own config may be given; name, servers, agents, image and subnet are said by other keys."""
OPTIONS = ("k3s", "runtime")
"""What of its `options`: those of `k3d` and `kubeconfig` are ours."""


class K3dDefinition(ToolDefinition):
    """Servers of k3s as containers of this machine, made by k3d, or one of its clusters that is up."""

    provider: Literal["k3d"]
    servers: Literal[1, 3, 5] = 3
    """A zone each: one process that holds apiserver, etcd, controllers and kubelet."""
    agents: Annotated[int, Field(ge=0, le=9)] = 0

    @property
    def zones(self) -> tuple[str, ...]:
        """What the zones are called."""
        return tuple(ZONE_NAMES[: self.servers])


DEFINITION = K3dDefinition


def wrong(definition: K3dDefinition) -> Iterator[tuple[Location, str]]:
    """Yield where a definition is wrong, and why, as far as its form alone does not say."""
    yield from wrong_config(definition.config, PASSED_ON, "config")
    options = definition.config.get("options", {})
    if isinstance(options, dict):
        yield from wrong_config(options, OPTIONS, "config", "options")
    else:
        yield ("config", "options"), "config.options: must be a mapping, as k3d has it"
    yield from wrong_for_existing(definition, "agents")
