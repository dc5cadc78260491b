"""docs/scheduled.md: its examples are right, its tables whole, its commands are those that there are."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from commanding import kubedrill
from webhook_server import webhook

from kubedrill import notifying
from kubedrill.cli import cli
from kubedrill.errors import NotStarted
from kubedrill.experiment.schema import ExperimentFile
from kubedrill.notifying import ToldOutcome
from kubedrill.reading.types import Part
from kubedrill.record.emergency import PlanStep
from kubedrill.record.verdict import Judged, Verdict
from kubedrill.record.webhook import WebhookPart
from kubedrill.suite.judging import SHOWN
from kubedrill.suite.read import read_suite
from kubedrill.suite.schema import DEFINITIONS, MOST_DRILLS, GatesPart, SuiteDrill, SuiteFile

TOP = Path(__file__).resolve().parents[2]
TEXT = (TOP / "docs" / "scheduled.md").read_text("utf-8")
FILES = {name: text for text, name in re.findall(r"```yaml\n(# (\S+)\n.*?)```", TEXT, re.DOTALL)}
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("kubedrill ")
]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A project with the page's files, beside what is shipped."""
    for kind in ("experiments", "clusters", "loadprofiles"):
        (tmp_path / kind).mkdir()
        for shipped in (TOP / kind).iterdir():
            (tmp_path / kind / shipped.name).symlink_to(shipped)
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_its_files_are_right_as_typed(page: Path) -> None:
    assert FILES.keys() == {
        "suites/nightly.yaml",
        "suites/on-call.yaml",
        "experiments/scheduler-hangs.yaml",
    }
    said = kubedrill("validate", *FILES, cwd=page)
    assert (said.returncode, said.stderr) == (0, "")
    assert "kubedrill validate suites/nightly.yaml" in COMMANDS


@pytest.mark.parametrize("line", COMMANDS)
def test_its_commands_are_those_that_there_are(line: str) -> None:
    _, name, *words = shlex.split(line)
    command = cli.commands[name]
    with click.Context(command, info_name=name) as context:
        given, left, _ = command.make_parser(context).parse_args(words)
    assert not left
    needed = [part.name for part in command.params if part.required]
    assert needed
    assert all(given[name] for name in needed if name)


def test_the_error_is_what_is_said(page: Path) -> None:
    file = page / "suites" / "nightly.yaml"
    first = "  - experiment: etcd-member-kill\n    set"
    assert first in file.read_text()
    file.write_text(file.read_text().replace(first, first.replace("kill", "kil")))
    with pytest.raises(NotStarted) as raised:
        read_suite(file)
    assert f"    {str(raised.value).replace(str(page), '').lstrip('/')}\n" in TEXT


@pytest.mark.parametrize("part", [SuiteFile, SuiteDrill, GatesPart, PlanStep, WebhookPart])
def test_every_key_has_a_row(part: type[Part]) -> None:
    for name, field in part.model_fields.items():
        assert re.search(rf"^\| `{field.alias or name}` \|", TEXT, re.MULTILINE), name


def test_bounds_and_names_are_those_of_the_file() -> None:
    assert f"list of 1 to {MOST_DRILLS}" in TEXT
    assert f"the last {SHOWN} runs" in TEXT
    assert all(f"`{name}`" in TEXT for name in DEFINITIONS)
    assert "plan" in ExperimentFile.model_fields


def test_what_a_program_is_told_has_these_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [shown] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    report = Judged(
        experiment="nightly",
        run="r",
        title="t",
        why="",
        claim=None,
        verdict=Verdict.PASS,
        reasons=[],
    )
    said: list[Any] = []
    with webhook() as hook:
        monkeypatch.setenv("DRILL_HOOK", hook.url)
        told = ToldOutcome("suite-ended", report, tmp_path, {})
        notifying.notify([WebhookPart(webhook="DRILL_HOOK")], told, said.append)
    assert [*json.loads(shown)] == [*hook.told[0]]


def test_what_it_names_of_deploy_is_there() -> None:
    rows = re.findall(
        r"^\| `([\w./]+)` \| (?:`podman|a CronJob|`kubedrill-suite|a scheduled)", TEXT, re.MULTILINE
    )
    assert len(rows) == 4
    assert all((TOP / "deploy" / name).exists() for name in rows)


def test_every_link_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).strip().lower().replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        file, _, heading = target.partition("#")
        assert (TOP / "docs" / file).exists() if file else heading in headings, target
