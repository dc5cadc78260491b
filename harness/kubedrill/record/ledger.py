"""Side effects, on disk before they happen, and their undoing: `ledger.jsonl`.

Several processes append (runner, faults, watchdog, heal), each line under flock and fsync. An entry
names the function that undoes it by module and name, so that whoever finds the file can undo it.
"""

import fcntl
import importlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from kubedrill.record.clock import now
from kubedrill.record.files import read_lines


@dataclass(frozen=True, slots=True)
class Entry:
    """One side effect. `module.function(**arguments)` undoes it, and may be called more than once.

    A dict that it returns is kept as the fact `undoing`.
    """

    id: str
    what: str
    """fault | activity (a fault of another extension) | identity (theirs) | process | cluster | seed"""
    name: str
    module: str
    function: str
    arguments: dict[str, Any]
    time: int
    deadline: int | None = None
    """Monotonic ns after which the watchdog undoes it even while the drill runs."""
    undone: bool = False
    stays: str = ""
    """Why it can never be undone, where somebody has acknowledged that it stays behind."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What became known later: the member chosen, a process's pid and start time."""


class Ledger:
    """Appends to and reads `ledger.jsonl`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def intend(
        self,
        what: str,
        name: str,
        undo: tuple[str, str],
        arguments: dict[str, Any],
        deadline: int | None = None,
    ) -> str:
        """Record a side effect that is about to happen; return its id. `undo` is (module, function)."""
        entry_id = uuid.uuid4().hex[:12]
        self._append(
            {
                "id": entry_id,
                "state": "intent",
                "time": now(),
                "what": what,
                "name": name,
                "module": undo[0],
                "function": undo[1],
                "arguments": arguments,
                "deadline": deadline,
            }
        )
        return entry_id

    def learn(self, entry_id: str, **facts: Any) -> None:
        """Add facts to an entry; those that are also arguments of its undo replace them."""
        self._append({"id": entry_id, "state": "fact", "time": now(), "facts": facts})

    def undone(self, entry_id: str) -> None:
        """Record that an entry's side effect is gone."""
        self._append({"id": entry_id, "state": "undone", "time": now()})

    def acknowledge(self, entry_id: str, why: str) -> None:
        """Record that an entry's side effect stays behind, as somebody knows; `why` it is not undone."""
        self._append({"id": entry_id, "state": "stays", "time": now(), "why": why})

    def entries(self) -> list[Entry]:
        """Return every entry in the order of its intent, with what was learned since."""
        entries: dict[str, dict[str, Any]] = {}
        for line in read_lines(self.path):
            match line.pop("state"):
                case "intent":
                    entries[line["id"]] = {**line, "undone": False, "facts": {}}
                case "fact":
                    known = entries[line["id"]]
                    known["facts"] |= line["facts"]
                    known["arguments"] |= {
                        key: value
                        for key, value in line["facts"].items()
                        if key in known["arguments"]
                    }
                case "undone":
                    entries[line["id"]]["undone"] = True
                case "stays":
                    entries[line["id"]]["stays"] = line["why"]
        return [Entry(**entry) for entry in entries.values()]

    def open_entries(self) -> list[Entry]:
        """Return the entries still to be undone, newest first: the order of undoing."""
        return [one for one in reversed(self.entries()) if not one.undone and not one.stays]

    def _append(self, line: dict[str, Any]) -> None:
        with self._locked() as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        with self.path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # A line cut off by a crash must not swallow this one; it may have been written while we
            # waited for the lock, so the size is asked now.
            if os.fstat(file.fileno()).st_size > 0 and _last_byte(self.path) != b"\n":
                file.write("\n")
            yield file


def undo(ledger: Ledger, what: tuple[str, ...] | None = None) -> list[str]:
    """Undo every open entry (of the kinds in `what`), newest first; return what failed, in words.

    Normal end, watchdog and `kubedrill heal` all call this. An entry that fails stays open and the
    next one is still undone.
    """
    entries = [one for one in ledger.open_entries() if what is None or one.what in what]
    return [failure for entry in entries if (failure := undo_entry(ledger, entry))]


def undo_entry(ledger: Ledger, entry: Entry) -> str | None:
    """Undo one entry; return what failed, in words."""
    try:
        function = getattr(importlib.import_module(entry.module), entry.function)
        said = function(**entry.arguments)
        if isinstance(said, dict):
            ledger.learn(entry.id, undoing=said)
        ledger.undone(entry.id)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one that fails must not stop the others
        return f"{entry.name}: {type(error).__name__}: {error}"
    return None


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
