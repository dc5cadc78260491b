"""docs/history.md: what is typed there is answered so, and it names every metric."""

import re
import shlex
from pathlib import Path

import pytest
from commanding import kubedrill
from past_runs import write_month

from kubedrill.record.live import LiveFigures
from kubedrill.record.schedule import Schedule
from kubedrill.report.live_metrics import metrics

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "history.md").read_text("utf-8")
TYPED = re.findall(r"```console\n\$ kubedrill (.*)\n((?:.*\n)*?)```", TEXT)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs of the page."""
    folder = tmp_path_factory.mktemp("project")
    write_month(folder / "reports")
    return folder


def test_there_is_something_to_type() -> None:
    assert len(TYPED) == 3


@pytest.mark.parametrize(("line", "answer"), TYPED, ids=[line for line, _ in TYPED])
def test_what_is_typed_is_answered_so(line: str, answer: str, project: Path) -> None:
    done = kubedrill(*shlex.split(line), cwd=project, TZ="UTC")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [said.rstrip() for said in done.stdout.splitlines()]
    if "..." in answer:  # the first lines, and no more
        lines = [*lines[: answer.count("\n") - 1], "..."]
    assert lines == answer.splitlines()


def test_each_metric_of_a_running_drill_is_named(drill_plan: Schedule) -> None:
    for family in metrics(drill_plan, LiveFigures(0, None, 0.0)):
        name = f"{family.name}_info" if family.type == "info" else family.name
        assert f"`{name}`" in TEXT, name


def test_each_metric_of_the_textfile_is_named(project: Path) -> None:
    file = project / "kubedrill.prom"
    assert kubedrill("history", "--textfile", file, cwd=project).returncode == 0
    names = {*re.findall(r"^# TYPE (\S+)", file.read_text(), re.MULTILINE)}
    assert len(names) == 6
    for name in names:
        assert f"`{name}`" in TEXT, name
