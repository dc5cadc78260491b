"""Provider `kind`: nodes as containers of this machine, made by kind, or a cluster of its that is up.

What is heavy is imported when it is called: the cluster's daemon imports this package too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubedrill.cluster.state import read_record
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.cluster.adopted.access import Access
    from kubedrill.cluster.handle import FlagValue, Handle
    from kubedrill.cluster.kind.definition import KindDefinition
    from kubedrill.reading.problems import Location
    from kubedrill.record.catalogue import Need
    from kubedrill.record.rights import Right


@dataclass(frozen=True, slots=True)
class KindClusters:
    """Clusters of kind's."""

    name: str = "kind"
    engine: bool = True

    @property
    def definition(self) -> "type[KindDefinition]":
        """Return what a cluster file may say."""
        from kubedrill.cluster.kind.definition import KindDefinition

        return KindDefinition

    def wrong(self, definition: "KindDefinition") -> "Iterable[tuple[Location, str]]":
        """Look at what is passed on to kind."""
        from kubedrill.cluster.kind.definition import wrong

        return wrong(definition)

    def wrong_flags(
        self,
        kind: str,  # noqa: ARG002
        flags: "Mapping[str, FlagValue | None]",  # noqa: ARG002
    ) -> "Iterable[tuple[str, str]]":
        """Yield nothing: nobody changes any."""
        return ()

    def capabilities(self, definition: "KindDefinition") -> ClusterDescription:
        """Return what will stand on the handle of such a cluster."""
        from kubedrill.cluster.kind.handle import described

        return described(definition)

    def check(self, definition: "KindDefinition", folder: Path) -> None:
        """Look for an engine that is up, kind, and the cluster; NotStarted says what is missing."""
        from kubedrill.cluster.kind import up

        up.check(definition, folder)

    def may_not(
        self,
        definition: "KindDefinition",  # noqa: ARG002
        rights: "Iterable[Right]",  # noqa: ARG002
    ) -> "tuple[Right, ...]":
        """Return none: whoever has its engine may do everything."""
        return ()

    def not_ready(
        self,
        definition: "KindDefinition",  # noqa: ARG002
        needs: "Iterable[Need]",  # noqa: ARG002
    ) -> str:
        """Return nothing: what it needs is there once it is up."""
        return ""

    def up(self, definition: "KindDefinition", folder: Path) -> ClusterRecord:
        """Have kind make it, or take one that is there; prepare its nodes, and make our identities."""
        from kubedrill.cluster.kind import up

        return up.up(definition, folder)

    def take_over(
        self,
        definition: "KindDefinition",  # noqa: ARG002
        folder: Path,  # noqa: ARG002
    ) -> ClusterRecord | None:
        """Return none: it is on this machine, and nowhere else."""
        return None

    def find(self, folder: Path) -> ClusterRecord | None:
        """Read the record."""
        return read_record(folder)

    def down(self, folder: Path) -> None:
        """Have kind delete what it has made for us; leave what was there as it was found."""
        from kubedrill.cluster.kind import up

        up.down(folder)

    def administrator(self, record: ClusterRecord) -> "Access":
        """Return kind's own administrator."""
        from kubedrill.cluster.kind.introducing import administrator

        return administrator(Path(record.folder))

    def handle(self, record: ClusterRecord, owner: str) -> "Handle":
        """Return what may be done to a cluster for an owner, and how it is."""
        from kubedrill.cluster.kind.handle import handle

        return handle(Path(record.folder), owner)


PROVIDER = KindClusters()
