"""`make dist`, in a copy of this checkout: what it refuses, and what it makes."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from installed import TOP, lent

from kubedrill import __version__

HEADING = f"## {__version__} - 2026-01-31"
Ran = "subprocess.CompletedProcess[str]"


def git(top: Path, *words: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *words], cwd=top, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as it is now, committed, in a repository of its own."""
    top = tmp_path_factory.mktemp("checkout")
    for name in git(TOP, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (TOP / name).is_file():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, top / name)
    git(top, "init", "-q")
    commit(top)
    return top


def commit(top: Path) -> None:
    git(top, "add", "--all")
    git(top, "commit", "-q", "--allow-empty", "-m", "as it is")


def dist(top: Path, **environment: str) -> Ran:
    return subprocess.run(
        [sys.executable, "-m", "release"],
        cwd=top,
        env={**os.environ, "PYTHONPATH": str(TOP / "tests" / "shared"), **environment},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_what_is_no_release_is_refused(checkout: Path) -> None:
    changes = checkout / "CHANGELOG.md"
    text = changes.read_text("utf-8")
    changes.write_text(
        re.sub(rf"^## {re.escape(__version__)} - .*$", "## Then", text, flags=re.MULTILINE)
    )
    commit(checkout)
    refused = [dist(checkout)]
    said = f'CHANGELOG.md has no section "## {__version__} - YYYY-MM-DD"'
    assert refused[-1].stderr == f"nothing was built: {said}\n"
    (checkout / "new").touch()
    refused.append(dist(checkout))
    assert "new is not committed" in refused[-1].stderr
    assert {ran.returncode for ran in refused} == {1}
    assert not (checkout / "dist").exists()
    (checkout / "new").unlink()
    changes.write_text(text)


def test_a_release_is_built_and_begun_with(checkout: Path, tmp_path: Path) -> None:
    changes = checkout / "CHANGELOG.md"
    text = changes.read_text("utf-8")
    if not re.search(rf"^## {re.escape(__version__)} - ", text, re.MULTILINE):
        text = text.replace("## Unreleased", HEADING, 1)
    changes.write_text(text)
    commit(checkout)
    packages = f"{TOP / 'tests' / 'shared'}:{lent(tmp_path / 'lent')}"
    done = dist(checkout, PYTHONPATH=packages, PIP_NO_DEPS="1", PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stdout + done.stderr
    sdist, wheel = (checkout / line for line in done.stdout.splitlines())
    with tarfile.open(sdist) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {"pyproject.toml", "CHANGELOG.md", "experiments/stress.yaml", "Makefile"} <= names
    with zipfile.ZipFile(wheel) as files:
        assert "kubedrill/shipped/experiments/stress.yaml" in files.namelist()
        metadata = files.read(f"kubedrill-{__version__}.dist-info/METADATA").decode()
        entries = files.read(f"kubedrill-{__version__}.dist-info/entry_points.txt").decode()
    assert "kubedrill = kubedrill.cli:main" in entries, "`pipx run kubedrill` finds it by this name"
    assert "kubedrill = kubedrill.pytest_plugin" in entries
    for line in ("Requires-Python: >=3.11", "Provides-Extra: stats", "License-Expression: "):
        assert line in metadata
    assert git(checkout, "status", "--porcelain") == "", "dist/ is ignored"
