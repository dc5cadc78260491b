"""All that the components' flags depend on."""

from dataclasses import dataclass
from pathlib import Path

from kubedrill.cluster.local.binaries import Binaries
from kubedrill.cluster.local.certificates import Certificates
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.local.zones import Zoning


@dataclass(frozen=True, slots=True)
class Layout:
    """One cluster, decided but not started."""

    folder: Path
    definition: LocalDefinition
    zoning: Zoning
    certificates: Certificates
    binaries: Binaries
    port: int
    """The load balancer's, on 127.0.0.1."""

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.folder.name

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones' names."""
        return self.definition.zones

    def at(self, zone: str, port: int) -> str:
        """Return `address:port` in a zone."""
        return f"{self.zoning.address(zone)}:{port}"
