"""How a cluster is now, for people and programs."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.provider import handle_of
from kubedrill.cluster.state import cluster_folder
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import ComponentState
from kubedrill.record.lines import BadEvidence, MissingEvidence

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """One cluster. `state`: up | unsupervised (its supervisor is gone) | unreadable | half made | down."""

    name: str
    state: str
    zoning: str | None = None
    """netns | loopback"""
    address: str | None = None
    """The load balancer's, for people on this machine."""
    folder: str | None = None
    """With cluster.json, logs/, pki/ and data/."""
    components: dict[str, ComponentState] | None = None
    why: str | None = None
    """What is wrong with it, and what helps."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        known = self.components or {}
        components = {name: state.model_dump() for name, state in known.items()}
        return {**asdict(self), "components": components if self.components is not None else None}

    def shown(self) -> "Table | str":
        """Return it for the terminal: as a table, or in a line where no component can be told of."""
        from rich.table import Table

        where = f", {self.zoning} zones, {self.address}" if self.address else ""
        line = f"{self.name}: {self.state}{where}"
        if not self.components:
            return line
        table = Table("component", "state", "pid", "restarts", title=line)
        for name, component in self.components.items():
            restarts = str(component.restarts)
            table.add_row(name, component.state, str(component.pid or "-"), restarts)
        return table


def read_status(name: str) -> ClusterStatus:
    """Return the status of a cluster, whatever is left of it."""
    folder = cluster_folder(name)
    end_it = f"to end the cluster: kubedrill cluster down {name}"
    try:
        record = ClusterRecord.read(folder / "cluster.json")
    except MissingEvidence:
        if folder.exists():
            return ClusterStatus(name, "half made", why=f"unless it is coming up, {end_it}")
        return ClusterStatus(name, "down")
    except BadEvidence as bad:
        return ClusterStatus(name, "unreadable", folder=str(folder), why=f"{bad}; {end_it}")
    address = f"https://{record.balancer.host}:{record.balancer.port}"
    try:
        components = dict(handle_of(record).components())
    except NotStarted as error:
        why = f"{folder / 'cluster.json'}: {error}"
        return ClusterStatus(name, "unreadable", folder=str(folder), why=why)
    except HandleError as lost:
        why = f"{lost}; {end_it}"
        return ClusterStatus(name, "unsupervised", record.zoning, address, record.folder, why=why)
    return ClusterStatus(name, "up", record.zoning, address, record.folder, components)
