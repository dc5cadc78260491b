import json
import subprocess
import sys
from pathlib import Path

import pytest

from kubedrill.record.files import write_json, write_whole


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
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


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
