"""Loads whose workers are on other machines: what is expected of them, and what became of each."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kubedrill.record.clock import MILLISECOND
from kubedrill.record.files import write_json

CLOCK_BOUND = 50 * MILLISECOND
"""How far a worker's times may be off: a fifth of what an arrival may be late."""


@dataclass(frozen=True, slots=True)
class RemoteWorkers:
    """How many workers a load expects on other machines; where its master listens, and how long it waits."""

    expect: int
    bind: str
    """HOST:PORT"""
    max_wait_s: float = 60.0

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.bind.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.bind.rpartition(":")[2])


@dataclass(slots=True)
class Account:
    """What the master knows of one worker. Clocks: CLOCK_MONOTONIC, the worker's less the master's, in ns."""

    name: str
    """Its machine and its process."""
    offset: int = 0
    uncertainty: int = 0
    """Half of the shortest round trip before the load began."""
    drift: int = 0
    """By how much at least the offset changed during the load."""
    last_heard: int = 0
    """Monotonic ns of the master."""
    whole: bool = False
    """Whether it did all that it had to, and all of its samples have come."""
    cause: str = "it was never heard of again"
    """Why not, if not."""


def write_accounts(path: Path, accounts: list[Account]) -> None:
    """Write `workers-NAME.json`, whole or not at all."""
    write_json(path, {"workers": [asdict(one) for one in accounts]})


def read_accounts(path: Path) -> list[Account]:
    """Read `workers-NAME.json`; none if the master has not come to write it."""
    if not path.exists():
        return []
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return [Account(**one) for one in raw["workers"]]
