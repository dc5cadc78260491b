"""What providers have in common whose clusters a tool makes of containers of this machine."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubedrill.cluster.state import read_record
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.cluster.operations import FlagValue
    from kubedrill.record.catalogue import Need
    from kubedrill.record.rights import Right


class ToolMade:
    """As far as all of them are alike."""

    engine = True

    def wrong_flags(
        self,
        kind: str,  # noqa: ARG002
        flags: "Mapping[str, FlagValue | None]",  # noqa: ARG002
    ) -> "Iterable[tuple[str, str]]":
        """Yield nothing: nobody changes any."""
        return ()

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
