"""The files of a local cluster's folder that its supervisor keeps, and its handle reads."""

from dataclasses import dataclass
from pathlib import Path

from kubedrill.record.components import ComponentState
from kubedrill.record.lines import Line


@dataclass(frozen=True, slots=True)
class Files:
    """Where they stand."""

    folder: Path

    @property
    def socket(self) -> Path:
        """The supervisor's Unix socket."""
        return self.folder / "supervisor.sock"

    @property
    def components(self) -> Path:
        """State of each component, replaced whole on every change."""
        return self.folder / "components.json"

    @property
    def exits(self) -> Path:
        """Every start and exit, a JSON line each."""
        return self.folder / "exits.jsonl"

    @property
    def programs(self) -> Path:
        """What the supervisor runs."""
        return self.folder / "programs.json"

    @property
    def groups(self) -> Path:
        """Where the components' control groups are, if they have any."""
        return self.folder / "groups.json"

    def log(self, component: str) -> Path:
        """What a component printed; the supervisor's own is there too."""
        return self.folder / "logs" / f"{component}.log"


class Components(Line):
    """`components.json`."""

    components: dict[str, ComponentState]
