"""docs/comparing.md: its commands are typed, in their order, and answered as the page says."""

import re
from pathlib import Path

import pytest
from sets_of_runs import Recorded, write_set
from sets_of_runs import typed as kubedrill

from kubedrill.regression.deciding import FEWEST
from kubedrill.regression.known_changes import KnownChangePart
from kubedrill.regression.margins import COUNT, FEW, POINTS, SHARE
from kubedrill.regression.resampling import RESAMPLES
from kubedrill.regression.verdict import Shift

TEXT = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
RELEASES = {"2.3": 1.0, "2.4": 1.2, "2.5": 1.004}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the runs that the page has played."""
    for day, (release, slower) in enumerate(RELEASES.items(), 1):
        flags = {"flags": {"etcd": {"snapshot-count": 5000}}} if release == "2.5" else {"flags": {}}
        write_set(
            tmp_path / "reports",
            day,
            slower,
            recorded=Recorded({"release": release}, cluster=flags),
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_is_answered_as_the_page_says(here: Path) -> None:
    typed, said = 0, ""
    for kind, text in BLOCKS:
        if kind == "sh" and not text.startswith("for"):
            said = ""
            for line in text.splitlines():
                done = kubedrill(*line.split()[1:])
                assert done.returncode in {0, 1, 2}, done.stdout
                said += done.stdout
                typed += 1
        elif kind == "yaml":
            (here / "reports" / "acknowledged.yaml").write_text(text)
        elif not kind:
            assert stripped(text) == stripped(said)
    assert typed >= 6


def stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_the_error_is_what_is_said(here: Path) -> None:
    [known] = [text for kind, text in BLOCKS if kind == "yaml"]
    (here / "reports" / "acknowledged.yaml").write_text(known.replace("list.p99", "list.p9"))
    done = kubedrill("compare", "release=2.3", "release=2.4")
    assert done.returncode == 3
    assert done.stdout.strip() in TEXT


def test_its_figures_are_those_in_force() -> None:
    for words in (
        f"{SHARE:.0%}".replace("%", " %") + " of the baseline",
        f"{100 * POINTS:g} points of a share",
        f"{COUNT:g} of what is counted",
        f"fewer than {FEW} the difference",
        f"{RESAMPLES:,} resamples",
        f"fewer than {FEWEST} runs a side",
    ):
        assert words in TEXT, words
    assert all(change.value in TEXT for change in Shift)
    assert all(f"`{key}`" in TEXT for key in KnownChangePart.model_fields)
