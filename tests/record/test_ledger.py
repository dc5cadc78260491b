"""Several processes append to one ledger, and some of them die while they do."""

import fcntl
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from kubedrill.record.ledger import Ledger, undo

UNDO = (__name__, "unused")

APPEND = """
import sys
from kubedrill.record.ledger import Ledger
ledger = Ledger(__import__("pathlib").Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    entry = ledger.intend("fault", f"{sys.argv[2]}-{number}", ("os", "getpid"), {"number": number})
    ledger.learn(entry, {"number": number + 1000})
"""

DIE_IN_A_LINE = """
import os, signal, sys
from kubedrill.record.ledger import Ledger
ledger = Ledger(__import__("pathlib").Path(sys.argv[1]))
with ledger._locked() as file:
    file.write('{"id": "half", "state": "intent", "ti')
    file.flush()
    print("half a line", flush=True)
    sys.stdin.read(1)
    os.kill(os.getpid(), signal.SIGKILL)
"""


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as processes:

        def begin(code: str, *arguments: object) -> "subprocess.Popen[bytes]":
            return processes.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code, *map(str, arguments)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )

        yield begin


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def test_an_entry_from_intent_to_undone(ledger: Ledger) -> None:
    assert ledger.entries() == []
    entry_id = ledger.intend("fault", "etcd.kill", ("m", "f"), {"member": None, "index": 0}, 99)
    ledger.learn(entry_id, {"member": "b", "pid": 7})
    (entry,) = ledger.open_entries()
    assert (entry.id, entry.module, entry.function, entry.deadline) == (entry_id, "m", "f", 99)
    assert entry.arguments == {"member": "b", "index": 0}, "what was learned reaches the undo"
    assert entry.facts == {"member": "b", "pid": 7}
    ledger.undone(entry_id)
    assert ledger.open_entries() == []
    assert [entry.undone for entry in ledger.entries()] == [True]


def test_the_intent_is_on_disk_before_intend_returns(ledger: Ledger) -> None:
    ledger.intend("process", "prober", ("m", "f"), {})
    line = json.loads(ledger.path.read_bytes())
    assert (line["state"], line["name"]) == ("intent", "prober")


def test_processes_that_append_at_once_lose_nothing(ledger: Ledger, start: Start) -> None:
    writers = [start(APPEND, ledger.path, name, 40) for name in ("one", "two", "three")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    entries = ledger.entries()
    names = {f"{name}-{number}" for name in ("one", "two", "three") for number in range(40)}
    assert {entry.name for entry in entries} == names
    assert all(entry.arguments["number"] >= 1000 for entry in entries)


def test_a_line_cut_off_by_sigkill_swallows_no_other(ledger: Ledger, start: Start) -> None:
    ledger.intend("fault", "before", UNDO, {})
    dying = start(DIE_IN_A_LINE, ledger.path)
    assert dying.stdout is not None
    assert dying.stdin is not None
    assert dying.stdout.readline() == b"half a line\n"
    dying.stdin.write(b"x")
    dying.stdin.close()
    assert dying.wait(60) == -signal.SIGKILL
    ledger.intend("fault", "after", UNDO, {})
    assert [entry.name for entry in ledger.entries()] == ["before", "after"]


def test_who_waited_for_the_dying_process_is_not_swallowed_either(
    ledger: Ledger, start: Start
) -> None:
    # The waiting one opens the file while it is still empty.
    ledger.path.touch()
    with ledger.path.open("a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        waiting = start(APPEND, ledger.path, "waiting", 1)
        wait_until_open(waiting.pid, ledger.path)
        first.write('{"id": "half", "state": "intent", "ti')
        first.flush()
    assert waiting.wait(60) == 0
    assert [entry.name for entry in ledger.entries()] == ["waiting-0"]


def wait_until_open(pid: int, path: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        # What it opens and closes meanwhile may be gone between the two looks.
        with suppress(FileNotFoundError):
            if path in [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]:
                return
        time.sleep(0.01)
    pytest.fail(f"{pid} did not open {path}")


def test_writers_and_dying_writers_together(ledger: Ledger, start: Start) -> None:
    writers = [start(APPEND, ledger.path, name, 30) for name in ("one", "two")]
    for _ in range(3):
        dying = start(DIE_IN_A_LINE, ledger.path)
        assert dying.stdin is not None
        dying.stdin.write(b"x")
        dying.stdin.close()
        assert dying.wait(60) == -signal.SIGKILL
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(ledger.entries()) == 60


CALLS: list[tuple[str, int]] = []


def remember(name: str, index: int) -> None:
    CALLS.append((name, index))
    if name == "fails":
        raise OSError("still there")
    if name == "exits":
        raise SystemExit("the end")


@pytest.fixture
def undoable(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setitem(sys.modules, "undoable_for_tests", sys.modules[__name__])
    CALLS.clear()
    return "undoable_for_tests", "remember"


def test_undo_is_newest_first_and_goes_on_after_a_failure(
    ledger: Ledger, undoable: tuple[str, str]
) -> None:
    for index, name in enumerate(["first", "fails", "last"]):
        ledger.intend("fault", name, undoable, {"name": name, "index": index})
    assert undo(ledger) == ["fails: OSError: still there"]
    assert CALLS == [("last", 2), ("fails", 1), ("first", 0)]
    assert [entry.name for entry in ledger.open_entries()] == ["fails"]


def test_undo_of_some_kinds_leaves_the_others_open(
    ledger: Ledger, undoable: tuple[str, str]
) -> None:
    ledger.intend("cluster", "cluster", undoable, {"name": "cluster", "index": 0})
    ledger.intend("fault", "fault", undoable, {"name": "fault", "index": 1})
    assert undo(ledger, ("fault", "process")) == []
    assert CALLS == [("fault", 1)]
    assert [entry.name for entry in ledger.open_entries()] == ["cluster"]


def test_an_undo_that_cannot_be_found_is_reported_not_raised(ledger: Ledger) -> None:
    ledger.intend("fault", "gone", ("no.such.module", "f"), {})
    ledger.intend("fault", "lost", ("os", "no_such_function"), {})
    assert undo(ledger) == [
        "lost: AttributeError: module 'os' has no attribute 'no_such_function'",
        "gone: ModuleNotFoundError: No module named 'no'",
    ]


def test_an_undo_that_would_end_the_process_is_a_failure(
    ledger: Ledger, undoable: tuple[str, str]
) -> None:
    for index, name in enumerate(["first", "exits"]):
        ledger.intend("fault", name, undoable, {"name": name, "index": index})
    assert undo(ledger) == ["exits: SystemExit: the end"]
    assert [entry.name for entry in ledger.open_entries()] == ["exits"]


def test_what_cannot_be_noted_as_undone_is_a_failure(
    tmp_path: Path, undoable: tuple[str, str]
) -> None:
    # In place of a full disk: what is read is not what can be written.
    folder = tmp_path / "run"
    folder.mkdir()
    ledger = Ledger(folder / "ledger.jsonl")
    ledger.intend("fault", "moves", ("shutil", "move"), {"src": str(folder), "dst": f"{folder}-2"})
    [failure] = undo(ledger)
    assert failure.startswith("moves: FileNotFoundError")


def sweeping() -> dict[str, float]:
    return {"seconds": 1.5}


def test_what_an_undo_says_is_kept(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "undoable_for_tests", sys.modules[__name__])
    ledger.intend("seed", "objects", ("undoable_for_tests", "sweeping"), {})
    assert undo(ledger) == []
    (entry,) = ledger.entries()
    assert entry.undone
    assert entry.facts == {"undoing": {"seconds": 1.5}}


def finish(path: str) -> None:
    """Undo all, and fail for something else: a fault did not last."""
    ledger = Ledger(Path(path))
    for entry in ledger.open_entries():
        ledger.undone(entry.id)
    raise RuntimeError("it did not last")


def test_what_is_undone_is_no_failure_whatever_else_is_told(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "undoable_for_tests", sys.modules[__name__])
    ledger.intend("fault", "short", ("undoable_for_tests", "finish"), {"path": str(ledger.path)})
    assert undo(ledger) == []
    assert ledger.open_entries() == []
