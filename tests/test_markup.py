"""What people write is shown as it stands: nothing in it is markup of a terminal, of HTML or of XML."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from commanding import kubedrill
from judged_drill import JudgedDrill

from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule

TITLE = (
    "x [/] y [bold red]z[/bold red] [link=http://h]l[/link] :smile: <b>&amp;</b> {{ 7*7 }} %s \\[a]"
)
FILE = f"""\
title: {json.dumps(TITLE)}
why: {json.dumps(f"why {TITLE}")}
cluster: local-3az
load: [{{profile: mass-list, as: list, rate: 10/s, with: {{resource: pods}}}}]
phases: {{baseline: 10s}}
slos: {{baseline: [list.p99 < 1s]}}
"""
FRAME = "\u2502\u2503\u2500\u2501\u2502"


def packed(text: str) -> str:
    """Return a text without white space and the frames of tables, which lines are broken at."""
    return "".join(
        character for character in text if not character.isspace() and character not in FRAME
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an experiment whose name looks like markup, too."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "[b]x[-b].yaml").write_text(FILE)
    (tmp_path / "experiments" / "broken.yaml").write_text(FILE.replace("local-3az", "'[/] [red]'"))
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run of that title."""
    folder = JudgedDrill().write(tmp_path)
    schedule = Schedule.read(folder.schedule)
    replace(schedule, title=TITLE, why=TITLE).write(folder.schedule)
    return folder


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["list"], (*TITLE.split(), "[b]x[-b]", '"[/]', '[red]"')),  # lines are broken in columns
        (["list", "--json"], (json.dumps(TITLE)[1:-1],)),
        (["plan", "[b]x[-b]"], (TITLE, f"why {TITLE}")),
        (["validate", "[b]x[-b]", "broken"], ("[b]x[-b]: ok", 'unknown cluster "[/] [red]"')),
        (["validate", "[i]none[-i]"], ('unknown experiment or cluster "[i]none[-i]"',)),
        (["plan", "[b]x[-b]", "--set", "[/]=1"], ("--set [/]: ",)),
        (["plan", "[b]x[-b]", "--cluster", "[/]"], ('--cluster: unknown cluster "[/]"',)),
        (["expand", "[b]x[-b]"], (json.dumps(TITLE)[1:-1],)),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_of_an_experiment(project: Path, command: list[str], said: tuple[str, ...]) -> None:
    done = kubedrill(*command, cwd=project)
    assert "Traceback" not in done.stderr
    printed = packed(done.stdout + done.stderr)
    for text in said:
        assert packed(text) in printed


class _Text(HTMLParser):
    """Gathers what a browser would show, and the elements."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_of_a_run(folder: RunFolder, tmp_path: Path) -> None:
    judged = kubedrill("judge", folder.path, cwd=tmp_path)
    assert packed(TITLE) in packed(judged.stdout), judged.stdout + judged.stderr
    page = _Text()
    page.feed(folder.report.read_text())
    assert packed(TITLE) in packed(page.shown)
    assert "b" not in page.tags
    assert TITLE in json.loads(folder.verdict.read_text())["title"]
    assert ET.parse(folder.junit).getroot() is not None
