"""Labels: typed with `kubedrill run`, recorded before anything begins, shown wherever the run is."""

import io
import json
from pathlib import Path

import pytest
from commanding import kubedrill
from rich.console import Console
from sets_of_runs import Recorded

from kubedrill import judging
from kubedrill.report import html
from kubedrill.report.console import print_verdict
from kubedrill.surroundings import surroundings

SHIPPED = Path(__file__).resolve().parents[2] / "experiments" / "etcd-member-kill.yaml"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["release"], '--label release: write KEY=VALUE, such as "release=2.4"'),
        (["=2.4"], "--label =2.4: write KEY=VALUE"),
        (["Release=2.4"], "--label Release=2.4: write KEY=VALUE"),
        ([f"{'k' * 41}=1"], "write KEY=VALUE"),
        (["release="], "--label release=: a value has 1 to 100 characters"),
        (["release=2.3,2.4"], "no comma among them"),
        ([f"release={'4' * 101}"], "1 to 100 characters"),
        (["release=2\u200b"], "characters that can be seen"),
        (["release=2.3", "release=2.4"], "--label release: is given twice: 2.3, 2.4"),
    ],
)
def test_what_is_no_label_is_refused(labels: list[str], said: str, tmp_path: Path) -> None:
    words = [word for label in labels for word in ("--label", label)]
    done = kubedrill("run", SHIPPED, *words, "--reports", tmp_path / "reports")
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert not (tmp_path / "reports").exists()


def test_they_stand_in_the_first_event_of_a_drill() -> None:
    assert surroundings({"release": "2.4"}).labels == {"release": "2.4"}
    assert surroundings().labels == {}


def test_they_are_shown_with_the_verdict(tmp_path: Path) -> None:
    folder = Recorded({"release": "2.4", "arch": "arm64"}).write(tmp_path)
    report = judging.judge(folder)
    assert report.labels == {"release": "2.4", "arch": "arm64"}
    said = io.StringIO()
    print_verdict(report, folder, Console(file=said, width=100))
    assert "Labels   release=2.4, arch=arm64" in said.getvalue()
    assert "<dd>release=2.4, arch=arm64</dd>" in html.write(folder, report).read_text()
    report.write(folder.verdict)
    assert json.loads(folder.verdict.read_text())["labels"] == {"release": "2.4", "arch": "arm64"}
