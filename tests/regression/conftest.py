"""Three releases in a reports folder, of eight runs each: the third is 20 % slower."""

import os
import shutil
from pathlib import Path

import pytest
from sets_of_runs import Recorded, write_set

RELEASES = {"2.3": 1.0, "2.4": 1.004, "2.5": 1.2}
"""How many times as slow as usual each is."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs, once for all tests."""
    folder = tmp_path_factory.mktemp("releases") / "reports"
    for day, (release, slower) in enumerate(RELEASES.items(), 1):
        recorded = Recorded({"release": release}, cluster={"flags": {"etcd": {"release": release}}})
        write_set(folder, day, slower, recorded=recorded)
    return folder


@pytest.fixture
def reports(made: Path, tmp_path: Path) -> Path:
    """A folder of one's own with these runs: their files are links, to be replaced and not changed."""
    return shutil.copytree(made, tmp_path / "reports", copy_function=os.link)
