"""Report: the files made of a verdict, each written whatever becomes of the others."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Report
from kubedrill.report import html, junit
from kubedrill.words import why_not


def write_all(folder: RunFolder, report: Report) -> list[str]:
    """Write `verdict.json`, and its reports; return in words what could not be written."""
    verdict = written(folder.verdict, partial(report.write, folder.verdict))
    return [*filter(None, [verdict]), *write_reports(folder, report)]


def write_reports(folder: RunFolder, report: Report) -> list[str]:
    """Write `report.html` and `junit.xml` of a verdict; return in words what could not be written."""
    writers = {folder.report: html.write, folder.junit: junit.write}
    words = (written(path, partial(write, folder, report)) for path, write in writers.items())
    return [*filter(None, words)]


def written(path: Path, write: Callable[[], object]) -> str:
    """Write a file of a verdict; return why it could not be written, in words.

    What stands there of an earlier verdict goes, if it can: a PASS that is no longer so is worse than none.
    """
    why = why_not(write)
    if why and path.exists() and why_not(partial(path.unlink, missing_ok=True)):
        why += "; what stands there is of an earlier judgement, if of any"
    return why and f"{path}: not written: {why}"
