"""Faults: what those on nodes have in common: which nodes, and where in the API they are."""

from abc import ABC
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import ClassVar

from pydantic import Field

from kubedrill.faults.api import Api, Object
from kubedrill.faults.fault import Scene, Whom
from kubedrill.faults.on_objects import OnObjects
from kubedrill.faults.toll import Kind

NODES = "/api/v1/nodes"


class NodesHit(OnObjects, ABC):
    """A fault on nodes, named or chosen by chance."""

    hits: ClassVar = "node"
    target: ClassVar = "node/{}"

    node: Whom = Field("random", description="random, a node's name, or several: [n-1, n-2]")

    def totals(self, scene: Scene) -> Mapping[Kind, int]:
        """Return how many nodes there are."""
        with closing(Api(scene.record)) as api:
            return {"node": sum(1 for _ in api.listed(NODES))}

    def path(self, called: str) -> str:
        """Return where the node is that a file calls so."""
        return f"{NODES}/{called}"

    def listed(self, api: Api) -> Iterator[Object]:
        """Return the nodes with the labels."""
        return api.listed(NODES, labelSelector=self.selector)

    def called(self, found: Object) -> str:
        """Return a node's name."""
        return str(found["metadata"]["name"])
