"""Workflows are what GitHub takes, by actionlint; what else CI servers read is what they take."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typed_page import blocks

TOP = Path(__file__).resolve().parents[2]
ACTIONLINT = Path(__file__).parent / "actionlint"
"""The module that names it, its version and its hashes."""
GUIDE = TOP / "docs" / "guide" / "in-ci.md"
WORKFLOWS = sorted((TOP / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """actionlint as its module has it; Go keeps what it has fetched and built."""
    if not shutil.which("go"):
        pytest.skip("actionlint is a program of Go, which is not installed")
    folder = tmp_path_factory.mktemp("go")
    done = subprocess.run(
        ["go", "install", "tool"],
        cwd=ACTIONLINT,
        env=os.environ | {"GOBIN": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"actionlint cannot be had: {done.stderr.splitlines()[-1]}")
    return folder / "actionlint"


def linted(actionlint: Path, *files: Path) -> str:
    done = subprocess.run(
        [actionlint, "-no-color", "-shellcheck=", "-pyflakes=", *files],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


def test_the_workflows_are_what_github_takes(actionlint: Path) -> None:
    assert len(WORKFLOWS) >= 4
    assert linted(actionlint, *WORKFLOWS) == ""


def test_so_is_the_one_of_the_guide(actionlint: Path, tmp_path: Path) -> None:
    [shown] = [block for block in blocks(GUIDE) if block.kind == "yaml"]
    file = tmp_path / "drill.yml"
    file.write_text(shown.text)
    assert shown.path == ".github/workflows/drill.yml"
    assert linted(actionlint, file) == ""


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("experiment: stress", "experimant: stress", 'input "experimant" is not defined'),
        ("runs-on: ubuntu-latest", "runs_on: ubuntu-latest", 'unexpected key "runs_on"'),
        ("matrix.setup", "matrix.set_up", 'property "set_up" is not defined'),
    ],
)
def test_what_is_misspelt_is_found(
    actionlint: Path, tmp_path: Path, was: str, is_now: str, said: str
) -> None:
    text = (TOP / ".github" / "workflows" / "stress.yml").read_text(encoding="utf-8")
    # In a repository of its own, of which the action is a part.
    (tmp_path / ".git").mkdir()
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / "action.yml").symlink_to(TOP / "action.yml")
    file = tmp_path / ".github" / "workflows" / "stress.yml"
    assert was in text
    file.write_text(text.replace(was, is_now))
    assert said in linted(actionlint, file)


def test_the_job_for_gitlab_takes_the_reports_that_a_run_leaves(tmp_path: Path) -> None:
    jobs: dict[str, Any] = yaml.safe_load((TOP / "deploy" / "gitlab-ci.yml").read_text("utf-8"))
    [job] = jobs.values()
    folder = tmp_path / "reports" / "stress" / "20260131T120000Z"
    folder.mkdir(parents=True)
    (folder / "junit.xml").touch()
    (folder.parent / "latest").symlink_to(folder.name)
    found = [*tmp_path.glob(job["artifacts"]["reports"]["junit"])]
    assert found == [folder / "junit.xml"]
    said = [*job["before_script"], *job["script"], *job["after_script"]]
    mine = [line for line in said if line.startswith("kubedrill ")]
    assert mine == [
        "kubedrill setup",
        'kubedrill run "$EXPERIMENT" --reports reports',
        "kubedrill heal",
    ]
    assert (TOP / "experiments" / f"{job['variables']['EXPERIMENT']}.yaml").is_file()


def test_ci_plays_the_stress_job_with_the_tests() -> None:
    lines = (TOP / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make test", "make stress"]
    assert re.search(r"^stress: setup ##", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE)
