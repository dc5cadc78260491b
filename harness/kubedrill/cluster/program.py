"""What the supervisor runs: a list that is written once, before it starts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from kubedrill.record.files import write_json

MARK = "KUBEDRILL_CLUSTER"
"""Environment variable of the supervisor and all it starts: the cluster's folder. `down` finds by it
what a supervisor that died could not tell of."""


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised process. Its log is `logs/NAME.log` in the cluster's folder."""

    name: str
    command: tuple[str, ...]
    nice: int = 0


def write_programs(folder: Path, programs: list[Program]) -> None:
    """Write the supervisor's list."""
    write_json(folder / "programs.json", [asdict(one) for one in programs], mode=0o600)


def read_programs(folder: Path) -> list[Program]:
    """Read the supervisor's list."""
    raw = json.loads((folder / "programs.json").read_text(encoding="utf-8"))
    return [Program(**{**one, "command": tuple(one["command"])}) for one in raw]
