"""Provider `k3d`: servers of k3s as containers of this machine, made by k3d, or a cluster of its that is up.

What is heavy is imported when it is called: the cluster's daemon imports this package too.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kubedrill.cluster.tool_made import ToolMade
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.cluster.adopted.access import Access
    from kubedrill.cluster.handle import Handle
    from kubedrill.cluster.k3d.definition import K3dDefinition
    from kubedrill.reading.problems import Location


class K3dClusters(ToolMade):
    """Clusters of k3d's."""

    name = "k3d"

    @property
    def definition(self) -> "type[K3dDefinition]":
        """Return what a cluster file may say."""
        from kubedrill.cluster.k3d.definition import K3dDefinition

        return K3dDefinition

    def wrong(self, definition: "K3dDefinition") -> "Iterable[tuple[Location, str]]":
        """Look at what is passed on to k3d."""
        from kubedrill.cluster.k3d.definition import wrong

        return wrong(definition)

    def capabilities(self, definition: "K3dDefinition") -> ClusterDescription:
        """Return what will stand on the handle of such a cluster."""
        from kubedrill.cluster.k3d.handle import described

        return described(definition)

    def check(self, definition: "K3dDefinition", folder: Path) -> None:
        """Look for an engine that is up, k3d, and the cluster; NotStarted says what is missing."""
        from kubedrill.cluster.k3d import up

        up.check(definition, folder)

    def up(self, definition: "K3dDefinition", folder: Path) -> ClusterRecord:
        """Have k3d make it, or take one that is there, and make our identities."""
        from kubedrill.cluster.k3d import up

        return up.up(definition, folder)

    def down(self, folder: Path) -> None:
        """Have k3d delete what it has made for us; leave what was there as it was found."""
        from kubedrill.cluster.k3d import up

        up.down(folder)

    def administrator(self, record: ClusterRecord) -> "Access":
        """Return k3s's own administrator."""
        from kubedrill.cluster.k3d.introducing import administrator

        return administrator(Path(record.folder))

    def handle(self, record: ClusterRecord, owner: str) -> "Handle":
        """Return what may be done to a cluster for an owner, and how it is."""
        from kubedrill.cluster.k3d.handle import handle

        return handle(Path(record.folder), owner)


PROVIDER = K3dClusters()
