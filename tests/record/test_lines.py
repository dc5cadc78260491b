"""Lines are read through the type that they were written through; what is none is named."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from kubedrill.record.lines import (
    Amount,
    BadEvidence,
    Json,
    JsonLines,
    Line,
    Time,
    ascending,
    read_lines,
    read_whole,
    write_typed,
)


class Seen(Line):
    time: Time
    lag_s: Amount = 0.0
    said: Json = None


GOOD = '{"time":1,"lag_s":0.5,"said":null}'


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = JsonLines(path)
    written = [Seen(time=1), Seen(time=2, lag_s=0.5, said={"a": [1, 2.5, "b"]})]
    for line in written:
        lines.add(line)
    lines.close()
    assert list(read_lines(path, Seen)) == written


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"time":1,"lag_s":NaN}', "lag_s: must be a finite number"),
        ('{"time":1,"lag_s":1e999}', "lag_s: must be a finite number"),
        ('{"time":1,"lag_s":"0.5"}', "lag_s: must be a valid number"),
        ('{"time":1,"lag_s":-0.5}', "lag_s: must be greater than or equal to 0"),
        ('{"time":-1}', "time: must be greater than or equal to 0"),
        ('{"time":1.5}', "time: must be a valid integer"),
        ('{"time":true}', "time: must be a valid integer"),
        ('{"time":1,"said":{"a":[NaN]}}', "said: must be a finite number"),
        ('{"lag_s":1}', "time: is missing"),
        ('{"time":1,"lag":1}', "lag: is not known here"),
        ("[1]", "must be an object"),
        ("", "is not JSON: EOF while parsing a value at line 1 column 0"),
        ('{"time":1', "is not JSON: EOF while parsing an object at line 1 column 9"),
        (GOOD, "the same line stands there before"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "samples" / "x.jsonl"
    path.parent.mkdir()
    path.write_text(f"{GOOD}\n{text}\n" + '{"time":3}\n')
    with pytest.raises(BadEvidence) as raised:
        list(read_lines(path, Seen, may_be_cut=True))
    assert raised.value.within(tmp_path) == f"samples/x.jsonl:2: {what}"


@pytest.mark.parametrize("last", ['{"time":2', '{"time":2}', "{"])
def test_only_the_last_line_may_be_cut_off_and_only_where_it_may(tmp_path: Path, last: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f"{GOOD}\n{last}")
    assert [line.time for line in read_lines(path, Seen, may_be_cut=True)] == [1]
    with pytest.raises(BadEvidence, match=r"x\.jsonl:2: is cut off"):
        list(read_lines(path, Seen))


def test_a_file_that_is_not_there_or_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadEvidence, match=r"none\.jsonl: is missing"):
        list(read_lines(tmp_path / "none.jsonl", Seen))
    with pytest.raises(BadEvidence, match="cannot be read: Is a directory"):
        read_whole(tmp_path, Seen)


def test_the_times_of_one_writer_only_grow(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"time":1}\n{"time":3}\n{"time":2}\n')
    with pytest.raises(BadEvidence, match=r"x\.jsonl:3: time: is not after"):
        list(ascending(path, read_lines(path, Seen)))


def test_what_is_not_of_the_type_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Seen(time=1, lag_s=float("nan"))
    path = tmp_path / "x.json"
    with pytest.raises(ValidationError, match="greater"):
        write_typed(path, Seen.model_construct(time=-1))
    assert not path.exists()
    write_typed(path, Seen(time=1))
    assert read_whole(path, Seen) == Seen(time=1)


def test_lines_from_several_threads_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = JsonLines(path)

    def add(name: str) -> None:
        for number in range(200):
            lines.add(Seen(time=number, said=name))

    threads = [threading.Thread(target=add, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.close()
    assert len(list(read_lines(path, Seen))) == len(path.read_bytes().splitlines()) == 600


def test_a_line_is_there_even_after_sigkill(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from kubedrill.record.lines import JsonLines, Line
class Seen(Line):
    time: int
JsonLines(Path(sys.argv[1])).add(Seen(time=1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "x.jsonl"
    dead = subprocess.run([sys.executable, "-c", code, path], check=False, env={**os.environ})
    assert dead.returncode == -signal.SIGKILL
    assert list(read_lines(path, Seen)) == [Seen(time=1)]
