import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kubedrill.record.files import JsonLines, read_lines, write_json, write_whole


def test_the_mode_and_the_text(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_whole(path, "secret", 0o600)
    assert path.read_text() == "secret"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_text_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half\ud800")
    assert json.loads(path.read_text()) == {"a": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_a_reader_never_sees_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, ["a"] * 1000)
    code = """
import sys
from pathlib import Path
from kubedrill.record.files import write_json
for letter in "bc" * 100:
    write_json(Path(sys.argv[1]), [letter] * 1000)
"""
    seen = set()
    with subprocess.Popen([sys.executable, "-c", code, path]) as writer:
        while writer.poll() is None:
            seen.add("".join(set(json.loads(path.read_text()))))
    assert writer.returncode == 0
    assert seen <= {"a", "b", "c"}


def test_lines_from_several_threads_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = JsonLines(path)

    def add(name: str) -> None:
        for number in range(200):
            lines.add({"name": name, "number": number})

    threads = [threading.Thread(target=add, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.close()
    assert len(list(read_lines(path))) == len(path.read_bytes().splitlines()) == 600


def test_a_line_is_there_even_after_sigkill(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from kubedrill.record.files import JsonLines
JsonLines(Path(sys.argv[1])).add({"a": 1})
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "x.jsonl"
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -9
    assert list(read_lines(path)) == [{"a": 1}]


def test_lines_cut_off_anywhere_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n{"a": 2, "b\n{"a": 3}\n{"a"')
    assert [line["a"] for line in read_lines(path)] == [1, 3]
    os.unlink(path)  # noqa: PTH108
    assert list(read_lines(path)) == []
