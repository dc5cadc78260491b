import subprocess
import sys
import time

import pytest
from load_stage import PROFILE

from kubedrill.load.describe import describe, with_parameters
from kubedrill.record.catalogue import WithParameters


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_description():
    (said,) = describe(PROFILE)
    assert (said.name, said.series) == (
        "mass-list",
        ("list", "list.page", "list.version", "list.refused"),
    )
    assert said.doc.startswith("Full LISTs")
    assert said.permissions == {"{resource}": "list"}
    properties = said.parameters["properties"]
    assert properties["resource_version"]["enum"] == ["unset", "0", "exact"]
    assert properties["limit"]["type"] == "integer"
    assert properties["timeout_s"]["default"] == 60
    assert all(parameter["description"] for parameter in properties.values())


def test_it_is_cached_by_content(cache, tmp_path):
    profile = tmp_path / "mass_list.py"
    profile.write_text(PROFILE.read_text())
    times = [time.monotonic()]
    first = describe(profile)
    times.append(time.monotonic())
    assert describe(profile) == first
    times.append(time.monotonic())
    # Without a process that imports Locust.
    assert times[2] - times[1] < (times[1] - times[0]) / 3
    profile.write_text('"""Something else."""\n' + PROFILE.read_text())
    assert describe(profile)[0].doc == "Something else."


ASK = """
import pathlib, socket, sys
from kubedrill.load.describe import describe
describe(pathlib.Path(sys.argv[1]))
print(socket.socket.__module__)
"""


def test_this_process_stays_unpatched():
    command = [sys.executable, "-c", ASK, str(PROFILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "socket\n"


def test_parameters_are_checked_together():
    (profile,) = describe(PROFILE)
    right = (profile, {"resource_version": "0", "encoding": "protobuf"})
    wrong = (profile, {"resource_version": "0", "limit": 500})
    said = with_parameters([right, wrong, right])
    assert said[0] == said[2] == WithParameters("", profile.series, permissions={"pods": "list"})
    assert said[1].wrong.startswith("mass-list: limit is ignored by the server")
    assert with_parameters([wrong]) == said[1:2]
