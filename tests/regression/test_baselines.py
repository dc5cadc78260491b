"""Baselines by name: kept in the reports folder, by relative paths, and only of runs that prove something."""

import json
import shutil
from pathlib import Path

from sets_of_runs import typed as kubedrill
from sets_of_runs import write_set


def typed(reports: Path, *words: str) -> tuple[int, str]:
    done = kubedrill("baseline", *words, "--reports", reports)
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def test_a_baseline_is_kept_compared_with_and_forgotten(reports: Path) -> None:
    assert typed(reports, "list") == (0, "no baseline is kept\n")
    assert typed(reports, "set", "good", "release=2.3") == (0, "good: 8 runs of kill\n")
    assert typed(reports, "list") == (0, "good: 8 runs of kill\n")
    kept = json.loads((reports / "baselines.json").read_text())["baselines"]["good"]
    assert kept["runs"][0] == "kill/20260101T120000Z"
    for words in (("good", "release=2.5"), ("--baseline", "good", "release=2.5")):
        done = kubedrill("compare", *words, "--reports", reports)
        assert done.returncode == 1, done.stdout
        assert "release=2.5 against good, 8 runs against 8" in done.stdout
    assert typed(reports, "remove", "god") == (3, 'unknown baseline "god"; did you mean "good"?\n')
    assert typed(reports, "remove", "good") == (0, "good: forgotten\n")
    assert (reports / "kill" / "20260101T120000Z").is_dir()


def test_it_goes_with_the_reports_folder(reports: Path, tmp_path: Path) -> None:
    assert typed(reports, "set", "good", "release=2.3")[0] == 0
    moved = tmp_path / "elsewhere"
    reports.rename(moved)
    assert kubedrill("compare", "good", "release=2.5", "--reports", moved).returncode == 1
    shutil.rmtree(moved / "kill" / "20260101T120004Z")
    done = kubedrill("compare", "good", "release=2.5", "--reports", moved)
    assert done.returncode == 3
    assert "baseline good: kill/20260101T120004Z is gone; set it again" in done.stdout


def test_what_is_no_baseline_is_refused(reports: Path, tmp_path: Path) -> None:
    run = reports / "kill" / "20260101T120000Z"
    (run / "exits.jsonl").unlink()
    code, said = typed(reports, "set", "good", "release=2.3")
    assert code == 3
    assert "kill/20260101T120000Z: cannot be of a baseline: its evidence is not what it was" in said
    [elsewhere, *_] = write_set(tmp_path / "other", 5, multiples=(1.0,))
    code, said = typed(reports, "set", "good", str(elsewhere))
    assert code == 3
    assert f"is not in {reports}, where a baseline's runs stand" in said
    for name in ("a=b", "a,b", "a/b", " ", "kill"):
        assert typed(reports, "set", name, "release=2.4")[0] == 3
    assert not (reports / "baselines.json").exists()


def test_a_file_that_is_none_is_named(reports: Path) -> None:
    (reports / "baselines.json").write_text("{")
    for words in (("list",), ("set", "good", "release=2.4")):
        code, said = typed(reports, *words)
        assert code == 3
        assert "baselines.json: is not JSON" in said
