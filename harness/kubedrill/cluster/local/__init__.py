"""Provider `local`: upstream binaries as plain processes, zones on one machine.

What is heavy is imported when it is called: the supervisor's daemon imports this package too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubedrill.cluster.state import read_record, state_folder
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.client.caller import Caller
    from kubedrill.cluster.handle import FlagValue, Handle
    from kubedrill.cluster.local.definition import LocalDefinition
    from kubedrill.cluster.local.flags import Kind
    from kubedrill.reading.problems import Location
    from kubedrill.record.catalogue import Need
    from kubedrill.record.rights import Right


@dataclass(frozen=True, slots=True)
class Local:
    """Clusters of processes on this machine."""

    name: str = "local"
    engine: bool = False

    @property
    def definition(self) -> "type[LocalDefinition]":
        """Return what a cluster file may say."""
        from kubedrill.cluster.local.definition import LocalDefinition

        return LocalDefinition

    def wrong(self, definition: "LocalDefinition") -> "Iterable[tuple[Location, str]]":
        """Ask the programs whether they take the flags, and look at the zones' names."""
        from kubedrill.cluster.local.definition import wrong

        return wrong(definition)

    def wrong_flags(
        self, kind: "Kind", flags: "Mapping[str, FlagValue | None]"
    ) -> "Iterable[tuple[str, str]]":
        """Ask the program whether it takes them."""
        from kubedrill.cluster.local.flags import wrong

        return wrong(kind, flags)

    def capabilities(self, definition: "LocalDefinition") -> ClusterDescription:
        """Return what will stand on the handle of such a cluster on this machine."""
        from kubedrill.cluster.handle import description
        from kubedrill.cluster.local.handle import LocalHandle
        from kubedrill.cluster.local.zones import expected

        handle = LocalHandle(state_folder(), expected(definition.zoning), definition.zones)
        return description(handle, definition.zones)

    def check(self, definition: "LocalDefinition", folder: Path) -> None:
        """Look for binaries, port and zones; NotStarted says what is missing."""
        from kubedrill.cluster.local import up

        up.check(definition, folder)

    def may_not(
        self,
        definition: "LocalDefinition",  # noqa: ARG002
        rights: "Iterable[Right]",  # noqa: ARG002
    ) -> "tuple[Right, ...]":
        """Return none: all of it is ours."""
        return ()

    def not_ready(
        self,
        definition: "LocalDefinition",  # noqa: ARG002
        needs: "Iterable[Need]",  # noqa: ARG002
    ) -> str:
        """Return nothing: what it needs is there once it is up."""
        return ""

    def up(self, definition: "LocalDefinition", folder: Path) -> ClusterRecord:
        """Start everything, and wait until it is ready and led; ClusterFailed if it does not come."""
        from kubedrill.cluster.local import up

        return up.up(definition, folder)

    def take_over(
        self,
        definition: "LocalDefinition",  # noqa: ARG002
        folder: Path,  # noqa: ARG002
    ) -> ClusterRecord | None:
        """Return none: it is on this machine, and nowhere else."""
        return None

    def find(self, folder: Path) -> ClusterRecord | None:
        """Read the record."""
        return read_record(folder)

    def down(self, folder: Path) -> None:
        """Kill every process of the cluster, and remove its network namespaces and control groups."""
        from kubedrill.cluster import teardown
        from kubedrill.cluster.files import Files
        from kubedrill.cluster.local import groups
        from kubedrill.cluster.local.zones import remove_namespaces

        teardown.kill_all(folder)
        remove_namespaces(folder)
        if made := groups.read(Files(folder).groups):
            made.remove()

    def administrator(self, record: ClusterRecord) -> "Caller":
        """Return the one who may do everything."""
        from kubedrill.client.caller import Caller
        from kubedrill.wire.target import identity_target

        return Caller(*identity_target(record, "admin"))

    def handle(self, record: ClusterRecord, owner: str) -> "Handle":
        """Return what may be done to a cluster for an owner, and how it is."""
        from kubedrill.cluster.local.handle import handle

        return handle(record, owner)


PROVIDER = Local()
