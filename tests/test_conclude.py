"""The end of a drill: its evidence is closed, judged and reported, whatever of that cannot be written."""

import io

import pytest
from judged_drill import JudgedDrill
from rich.console import Console

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Report, Verdict
from kubedrill.run import conclude


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    """A run as its processes have left it, not closed yet."""
    folder = JudgedDrill().write(tmp_path)
    folder.manifest.unlink()
    return folder


def concluded(folder: RunFolder) -> tuple[Report, str]:
    said = io.StringIO()
    report = conclude(folder, Console(file=said, width=2000), page=True)
    assert Report.read(folder.verdict) == report
    for path in (folder.report, folder.junit):
        assert report.verdict.value in path.read_text()
    return report, said.getvalue()


def test_nothing_is_in_the_way(folder: RunFolder) -> None:
    report, said = concluded(folder)
    assert report.verdict is Verdict.PASS
    assert "not written" not in said
    assert folder.metrics_parquet.exists()
    assert not list(folder.samples.glob("*.bin"))


def test_no_page_is_made_where_none_is_asked_for(folder: RunFolder) -> None:
    report = conclude(folder, Console(file=io.StringIO()), page=False)
    assert report.verdict is Verdict.PASS
    assert folder.junit.exists()
    assert not folder.report.exists()


def test_samples_that_cannot_be_converted_are_judged_as_they_are(folder: RunFolder) -> None:
    (folder.samples / ".load-list.parquet").mkdir()
    report, said = concluded(folder)
    assert report.verdict is Verdict.PASS
    assert "samples as Parquet: not written: " in said
    assert (folder.samples / "load-list.bin").exists()


def test_evidence_that_cannot_be_closed_is_invalid(folder: RunFolder) -> None:
    folder.manifest.mkdir()
    report, said = concluded(folder)
    assert (report.verdict, report.reasons[0]) == (Verdict.INVALID, "manifest.json: is no file")
    assert "manifest.json: not written: Is a directory" in said


@pytest.mark.parametrize("name", ["samples/load-list.json", "metrics/index.jsonl", "ledger.jsonl"])
def test_what_is_damaged_already_is_named(folder: RunFolder, name: str) -> None:
    with (folder.path / name).open("ab") as file:
        file.write(b"{")
    report, said = concluded(folder)
    assert report.verdict is Verdict.INVALID
    assert any(name in reason for reason in report.reasons), report.reasons
    assert "Traceback" not in said


def test_records_that_are_cut_off_are_named(folder: RunFolder) -> None:
    raw = folder.samples / "load-list.bin"
    with raw.open("ab") as file:
        file.write(b"x")
    report, _ = concluded(folder)
    assert report.verdict is Verdict.INVALID
    words = "samples/load-list.bin: the last record is cut off: 1 of 28 bytes"
    assert any(words in reason for reason in report.reasons)
    assert raw.exists()
    assert not (folder.samples / "load-list.parquet").exists()
