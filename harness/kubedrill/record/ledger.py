"""Side effects, on disk before they happen, and their undoing: `ledger.jsonl`.

Several processes append (runner, faults, watchdog, heal), each line under flock and fsync. An entry
names the function that undoes it by module and name, so that whoever finds the file can undo it.
"""

import fcntl
import importlib
import os
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from kubedrill.clock import now
from kubedrill.record.files import length_of_lines
from kubedrill.record.ledger_lines import (
    LINE,
    Fact,
    Intent,
    LedgerLine,
    Stays,
    Undone,
    What,
)
from kubedrill.record.lines import BadEvidence, Line, read_lines, read_sound_lines


@dataclass(frozen=True, slots=True)
class Entry:
    """One side effect. `module.function(**arguments)` undoes it, and may be called more than once.

    A dict that it returns is kept as the fact `undoing`.
    """

    id: str
    what: What
    name: str
    module: str
    function: str
    arguments: dict[str, Any]
    time: int
    deadline: int | None = None
    """Monotonic ns after which the watchdog undoes it even while the drill runs."""
    limit_s: float | None = None
    """How long its undo may take, where that is its own affair."""
    undone: bool = False
    stays: str = ""
    """Why it can never be undone, where somebody has acknowledged that it stays behind."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What was known of it, or became so later: the member chosen, a process's pid and start."""

    @property
    def undoing(self) -> dict[str, Any] | None:
        """What its undo returned; None as long as it was not undone, or if that returned nothing."""
        return self.facts.get("undoing")

    @property
    def index(self) -> int | None:
        """The place in the schedule of the fault that it is; None if it is none."""
        return self.arguments.get("index")

    @property
    def process(self) -> tuple[int, str] | None:
        """The pid and the start of the process that it is; None if it is none, or has not begun yet."""
        if self.what != "process" or not {"pid", "started"} <= self.facts.keys():
            return None
        return self.facts["pid"], self.facts["started"]

    def learned(self, facts: dict[str, Any]) -> "Entry":
        """Return it with these facts; those that are also arguments of its undo replace them."""
        given = {key: value for key, value in facts.items() if key in self.arguments}
        return replace(self, facts=self.facts | facts, arguments=self.arguments | given)


class Ledger:
    """Appends to and reads `ledger.jsonl`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """Make the file: with nothing in it, it says that nothing was begun; a missing one says nothing."""
        self.path.touch()

    def intend(
        self,
        what: What,
        name: str,
        undo: tuple[str, str],
        arguments: dict[str, Any],
        deadline: int | None = None,
        *,
        limit_s: float | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> str:
        """Record a side effect that is about to happen; return its id. `undo` is (module, function).

        What is known already are its `facts`: one line has all that its undo needs, or there is none.
        """
        entry_id = uuid.uuid4().hex[:12]
        self._append(
            Intent(
                id=entry_id,
                time=now(),
                what=what,
                name=name,
                module=undo[0],
                function=undo[1],
                arguments=arguments,
                deadline=deadline,
                limit_s=limit_s,
                facts=dict(facts or {}),
            )
        )
        return entry_id

    def learn(self, entry_id: str, facts: Mapping[str, Any]) -> None:
        """Add facts of any names to an entry; those that are also arguments of its undo replace them."""
        self._append(Fact(id=entry_id, time=now(), facts=dict(facts)))

    def undone(self, entry_id: str) -> None:
        """Record that an entry's side effect is gone."""
        self._append(Undone(id=entry_id, time=now()))

    def acknowledge(self, entry_id: str, why: str) -> None:
        """Record that an entry's side effect stays behind, as somebody knows; `why` it is not undone."""
        self._append(Stays(id=entry_id, time=now(), why=why))

    def entries(self) -> list[Entry]:
        """Return every entry in the order of its intent, with what was learned since.

        Whoever undoes is not stopped by a line that was garbled: it is left out. `doubts` tells of it.
        """
        known, _ = _entries(self.path, read_sound_lines(self.path, LINE))
        return known

    def open_entries(self) -> list[Entry]:
        """Return the entries still to be undone, newest first: the order of undoing."""
        return [entry for entry in reversed(self.entries()) if not entry.undone and not entry.stays]

    def entry(self, entry_id: str) -> Entry | None:
        """Return one entry; None if there is none, or it was lost."""
        return next((entry for entry in self.entries() if entry.id == entry_id), None)

    def open_fault(self, what: What, index: int, name: str = "") -> Entry | None:
        """Return the entry of the fault at that place in the schedule, of that name if one is given.

        None if it has been undone, or was never injected.
        """
        if not self.path.exists():
            return None
        entries = (entry for entry in self.open_entries() if entry.what == what)
        found = (entry for entry in entries if entry.index == index and name in {"", entry.name})
        return next(found, None)

    def check(self, *, may_be_cut: bool) -> None:
        """Raise BadEvidence for the first line that is none, or that is about an entry nobody intended.

        `may_be_cut`: its last line may, since whoever wrote it may have been killed.
        """
        _, doubt = _entries(self.path, read_lines(self.path, LINE, may_be_cut=may_be_cut))
        if doubt:
            raise doubt

    def _append(self, line: Line) -> None:
        with self._locked() as file:
            file.write(line.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        with self.path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # A line cut off by a crash is no line: what it was to tell of has not happened. It may have
            # been written while we waited for the lock, so the file is looked at now.
            os.ftruncate(file.fileno(), length_of_lines(self.path))
            yield file


def _entries(path: Path, lines: Iterable[LedgerLine]) -> tuple[list[Entry], BadEvidence | None]:
    """Return the entries that lines tell of, and what is wrong with the first that fits none."""
    entries: dict[str, Entry] = {}
    doubt: BadEvidence | None = None
    for number, line in enumerate(lines, 1):
        match line:
            case Intent() if line.id not in entries:
                told = line.model_dump(exclude={"state"})
                entries[line.id] = Entry(**told)
            case Fact() if line.id in entries:
                entries[line.id] = entries[line.id].learned(line.facts)
            case Undone() if line.id in entries:
                entries[line.id] = replace(entries[line.id], undone=True)
            case Stays() if line.id in entries:
                entries[line.id] = replace(entries[line.id], stays=line.why)
            case _:
                words = "is intended twice" if isinstance(line, Intent) else "was never intended"
                doubt = doubt or BadEvidence(path, number, f"entry {line.id} {words}")
    return [*entries.values()], doubt


def undo(ledger: Ledger, what: tuple[str, ...] | None = None) -> list[str]:
    """Undo every open entry (of the kinds in `what`), newest first; return what failed, in words.

    Normal end, watchdog and `kubedrill heal` all call this. An entry that fails stays open and the
    next one is still undone.
    """
    entries = [entry for entry in ledger.open_entries() if what is None or entry.what in what]
    return [failure for entry in entries if (failure := undo_entry(ledger, entry))]


def undo_entry(ledger: Ledger, entry: Entry) -> str | None:
    """Undo one entry; return what failed, in words; nothing where it is undone, whatever else was told.

    Who comes while another thread is at it waits for that one.
    """
    with _undoing[entry.id]:
        return None if _is_undone(ledger, entry) else _undo_entry(ledger, entry)


_undoing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def _is_undone(ledger: Ledger, entry: Entry) -> bool:
    with suppress(OSError):
        return (known := ledger.entry(entry.id)) is not None and known.undone
    return False


def _undo_entry(ledger: Ledger, entry: Entry) -> str | None:
    try:
        function = getattr(importlib.import_module(entry.module), entry.function)
        said = function(**entry.arguments)
        if isinstance(said, dict):
            ledger.learn(entry.id, {"undoing": said})
        ledger.undone(entry.id)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one that fails must not stop the others
        # A fault also fails because it did not last: that is the judge's, and nothing is left of it.
        undone = _is_undone(ledger, entry)
        return None if undone else f"{entry.name}: {type(error).__name__}: {error}"
    return None
