"""Provider `kubeconfig`: a cluster that somebody else runs, by a context of a kubeconfig.

Nothing is brought up or down but identities of ours: made as who the kubeconfig says, they do all else.
What is heavy is imported when it is called: daemons of other clusters import this package too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubedrill.cluster.state import read_record
from kubedrill.record.catalogue import ClusterDescription, Need
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.cluster.adopted.access import Access
    from kubedrill.cluster.adopted.definition import AdoptedDefinition
    from kubedrill.cluster.handle import FlagValue, Handle
    from kubedrill.reading.problems import Location
    from kubedrill.record.rights import Right


@dataclass(frozen=True, slots=True)
class Adopted:
    """Clusters of somebody else's."""

    name: str = "kubeconfig"
    engine: bool = False

    @property
    def definition(self) -> "type[AdoptedDefinition]":
        """Return what a cluster file may say."""
        from kubedrill.cluster.adopted.definition import AdoptedDefinition

        return AdoptedDefinition

    def wrong(self, definition: "AdoptedDefinition") -> "Iterable[tuple[Location, str]]":
        """Yield what is wrong with its commands: what a kubeconfig has is looked at before a drill."""
        from kubedrill.cluster.adopted import components

        return components.wrong(definition.components, definition.zones)

    def wrong_flags(
        self,
        kind: str,  # noqa: ARG002
        flags: "Mapping[str, FlagValue | None]",  # noqa: ARG002
    ) -> "Iterable[tuple[str, str]]":
        """Yield nothing: nobody changes any."""
        return ()

    def capabilities(self, definition: "AdoptedDefinition") -> ClusterDescription:
        """Return what commands may do to its processes."""
        from kubedrill.cluster.adopted.handle import described

        return described(definition)

    def check(self, definition: "AdoptedDefinition", folder: Path) -> None:  # noqa: ARG002
        """Look whether it answers, is the one that is meant, and lets us make identities."""
        from kubedrill.cluster.adopted import up

        up.check(definition)

    def may_not(self, definition: "AdoptedDefinition", rights: "Iterable[Right]") -> "list[Right]":
        """Ask which of these rights who the kubeconfig says has not got, and could not pass on."""
        from kubedrill.cluster.adopted import up

        return up.may_not(definition, rights)

    def not_ready(self, definition: "AdoptedDefinition", needs: "Iterable[Need]") -> str:
        """Ask for the proof of each component that is needed, and look whether there are the programs."""
        from kubedrill.cluster.adopted import offering

        return offering.not_ready(definition.components, needs)

    def up(self, definition: "AdoptedDefinition", folder: Path) -> ClusterRecord:
        """Bring our identities into it."""
        from kubedrill.cluster.adopted import up

        return up.up(definition, folder)

    def take_over(self, definition: "AdoptedDefinition", folder: Path) -> ClusterRecord | None:
        """Be given tokens of what another machine has made there."""
        from kubedrill.cluster.adopted import up

        return up.take_over(definition, folder)

    def find(self, folder: Path) -> ClusterRecord | None:
        """Read the record."""
        return read_record(folder)

    def down(self, folder: Path) -> None:
        """Take our identities out of it; the cluster stays."""
        from kubedrill.cluster.adopted import up

        up.down(folder)

    def administrator(self, record: ClusterRecord) -> "Access":
        """Return who the kubeconfig says that we are."""
        from kubedrill.cluster.adopted import up

        return up.administrator(Path(record.folder))

    def handle(self, record: ClusterRecord, owner: str) -> "Handle":
        """Return what its commands do, and how the cluster is."""
        from kubedrill.cluster.adopted import up

        return up.handle(record, owner)


PROVIDER = Adopted()
