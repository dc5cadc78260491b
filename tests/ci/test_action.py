"""action.yml: its steps are played as a runner plays them, by the kubedrill that it installs."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from installed import build_wheel, environment, lent
from workflow import ActionRunner

from kubedrill import __version__

TOP = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((TOP / "action.yml").read_text(encoding="utf-8"))
EXPERIMENT = """\
title: A minute's work in seconds
why: The action must tell what fails.
cluster: one-zone
load: [{profile: mass-list, as: list, rate: 2/s, with: {resource: pods}}]
phases: {warmup: 1s, baseline: 4s}
slos:
  baseline:
    - list.p99 < 1us
    - list.error_rate < 50%
"""


@pytest.fixture(scope="module")
def lending(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What lets pip install kubedrill's wheel by its name, and all else be found."""
    folder = tmp_path_factory.mktemp("lending")
    return environment(build_wheel(folder), lent(folder / "lent"))


@pytest.fixture
def runner(tmp_path: Path, lending: dict[str, str]) -> ActionRunner:
    """A runner with an experiment in its workspace; what kubedrill depends on is lent to it."""
    given = {f"inputs.{name}": known["default"] for name, known in ACTION["inputs"].items()}
    known = {
        **given,
        "inputs.experiment": "experiments/short.yaml",
        "inputs.package": f"kubedrill=={__version__}",
        "inputs.python": sys.executable,
        "github.action_path": str(TOP),
        "runner.os": "Linux",
        "runner.arch": "X64",
    }
    made = ActionRunner(tmp_path, known, {**lending, "KUBEDRILL_SHARED_MACHINE": "1"})
    for folder in ("experiments", "clusters"):
        (made.workspace / folder).mkdir()
    (made.workspace / "experiments" / "short.yaml").write_text(EXPERIMENT)
    (made.workspace / "clusters" / "one-zone.yaml").write_text("provider: local\nzones: [a]\n")
    return made


def test_what_cannot_be_started_is_an_error_of_the_step(runner: ActionRunner) -> None:
    file = runner.workspace / "experiments" / "short.yaml"
    file.write_text(EXPERIMENT.replace("list.p99 ", "list.p999 "))
    assert runner.play(ACTION) == 3, runner.said
    assert "experiments/short.yaml:8: " in runner.said
    assert "::error title=kubedrill::nothing was started" in runner.said
    assert runner.summary() == ""
    assert [*runner.used] == ["actions/cache@v4"], "there is nothing to upload"
    assert runner.outputs("drill") == {"code": "3"}


@pytest.mark.cluster
@pytest.mark.own
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_a_drill_that_fails_is_told_on_its_line_and_uploaded(runner: ActionRunner) -> None:
    runner.known["inputs.arguments"] = "--no-page --scale 0.5"
    assert runner.play(ACTION) == 1, runner.said
    assert "::error file=experiments/short.yaml,line=8,title=FAIL in baseline%3A" in runner.said
    assert runner.summary().startswith("## \u2717 FAIL: A minute's work in seconds\n")
    run = runner.workspace / "reports" / "short" / "latest"
    assert runner.used["actions/upload-artifact@v4"] == {
        "name": "kubedrill",
        "path": str(run.resolve()),
    }
    assert (run / "junit.xml").is_file()
    cached = runner.used["actions/cache@v4"]
    assert cached["key"] == f"kubedrill-Linux-X64-{__version__}"
    assert cached["path"].endswith("/kubedrill")


def test_all_that_its_readme_names_is_there() -> None:
    page = (TOP / "docs" / "guide" / "in-ci.md").read_text(encoding="utf-8")
    assert [name for name in ACTION["inputs"] if f"`{name}`" not in page] == []
