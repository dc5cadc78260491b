"""Providers whose clusters a tool makes of containers of this machine: what they have in common.

Each is a package `kubedrill.cluster.NAME` with the modules `definition`, `handle`, `introducing` and `up`,
which are imported when they are needed: a cluster's daemon imports its package too, and none of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubedrill.cluster.state import read_record
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.cluster.handle import Handle
    from kubedrill.cluster.operations import FlagValue
    from kubedrill.cluster.provider import Administrator
    from kubedrill.reading.problems import Location
    from kubedrill.record.catalogue import Need
    from kubedrill.record.rights import Right


@dataclass(frozen=True, slots=True)
class ToolMade:
    """Clusters of one tool."""

    name: str
    engine: bool = True

    @property
    def definition(self) -> Any:
        """Return what a cluster file may say."""
        return self._module("definition").DEFINITION

    def wrong(self, definition: Any) -> "Iterable[tuple[Location, str]]":
        """Look at what is passed on to the tool."""
        found: Iterable[tuple[Location, str]] = self._module("definition").wrong(definition)
        return found

    def wrong_flags(
        self,
        kind: str,  # noqa: ARG002
        flags: "Mapping[str, FlagValue | None]",  # noqa: ARG002
    ) -> "Iterable[tuple[str, str]]":
        """Yield nothing: nobody changes any."""
        return ()

    def capabilities(self, definition: Any) -> ClusterDescription:
        """Return what will stand on the handle of such a cluster."""
        found: ClusterDescription = self._module("handle").described(definition)
        return found

    def check(self, definition: Any, folder: Path) -> None:
        """Look for an engine that is up, the tool, and the cluster; NotStarted says what is missing."""
        self._module("up").check(definition, folder)

    def may_not(
        self,
        definition: Any,  # noqa: ARG002
        rights: "Iterable[Right]",  # noqa: ARG002
    ) -> "tuple[Right, ...]":
        """Return none: whoever has its engine may do everything."""
        return ()

    def not_ready(
        self,
        definition: Any,  # noqa: ARG002
        needs: "Iterable[Need]",  # noqa: ARG002
    ) -> str:
        """Return nothing: what it needs is there once it is up."""
        return ""

    def up(self, definition: Any, folder: Path) -> ClusterRecord:
        """Have the tool make it, or take one that is there; make our identities."""
        found: ClusterRecord = self._module("up").up(definition, folder)
        return found

    def take_over(
        self,
        definition: Any,  # noqa: ARG002
        folder: Path,  # noqa: ARG002
    ) -> ClusterRecord | None:
        """Return none: it is on this machine, and nowhere else."""
        return None

    def find(self, folder: Path) -> ClusterRecord | None:
        """Read the record."""
        return read_record(folder)

    def down(self, folder: Path) -> None:
        """Have the tool delete what it has made for us; leave what was there as it was found."""
        self._module("up").down(folder)

    def administrator(self, record: ClusterRecord) -> "Administrator":
        """Return the cluster's own administrator."""
        found: Administrator = self._module("introducing").administrator(Path(record.folder))
        return found

    def handle(self, record: ClusterRecord, owner: str) -> "Handle":
        """Return what may be done to a cluster for an owner, and how it is."""
        found: Handle = self._module("handle").handle(Path(record.folder), owner)
        return found

    def _module(self, name: str) -> Any:
        return import_module(f"kubedrill.cluster.{self.name}.{name}")
