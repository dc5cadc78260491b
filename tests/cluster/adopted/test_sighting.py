"""What a proof may say, and that anything else is no answer: neither that it runs nor that it does not."""

import pytest

from kubedrill.cluster.adopted.sighting import ToldProcess, told
from kubedrill.cluster.handle import HandleError
from kubedrill.process.running import CommandEnd


def ended(status: int | None, out: str = "", err: str = "") -> CommandEnd:
    return CommandEnd(("ssh", "cp-1"), status, out, err, 1.0)


@pytest.mark.parametrize(
    ("status", "out", "process"),
    [
        (0, "12\n", ToldProcess(12, "")),
        (0, "  12 Ssl\n\n", ToldProcess(12, "Ssl")),
        (0, "12 running", ToldProcess(12, "running")),
        (1, "", None),
        (1, "\n", None),
        (0, "12 Z\n", None),
    ],
)
def test_it_tells_of_a_process_or_of_none(
    status: int, out: str, process: ToldProcess | None
) -> None:
    assert told(ended(status, out)) == process


@pytest.mark.parametrize(
    ("state", "paused"),
    [("", False), ("Ssl", False), ("running", False), ("T", True), ("Tsl", True), ("paused", True)],
)
def test_it_tells_whether_that_stands_still(state: str, paused: bool) -> None:
    assert ToldProcess(12, state).is_paused is paused


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (ended(255), "ssh ended with status 255; it must exit with 0, or with 1 and say nothing"),
        (ended(127), "ssh ended with status 127"),
        (ended(1, "12\n"), "ssh ended with status 1: 12; it must exit with 0"),
        (ended(None), "took longer than 1 s, and was killed"),
        (ended(-9), "ended with signal 9"),
        (ended(0), "it prints 0 lines"),
        (ended(0, "12\n13\n"), "it prints 2 lines; it must print a single one"),
        (ended(0, "etcd is fine\n"), 'it prints "etcd", which is no pid'),
        (ended(0, "0\n"), 'it prints "0", which is no pid'),
        (ended(0, "-1\n"), 'it prints "-1", which is no pid'),
        (ended(0, "12\n", "warning"), "it says on stderr: warning; nothing must stand there"),
        (ended(1, "", "sudo: a password is required"), "it says on stderr: sudo: a password"),
    ],
)
def test_anything_else_is_no_answer(end: CommandEnd, words: str) -> None:
    with pytest.raises(HandleError, match=words):
        told(end)
