"""Report: the files made of a verdict, each written whatever becomes of the others."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Judged
from kubedrill.report import html, junit
from kubedrill.words import why_not

Writer = Callable[[RunFolder, Any], object]
Writers = tuple[Writer | None, Writer]
"""Who writes `report.html`, if it is asked for, and `junit.xml`."""
OF_A_DRILL: Writers = (html.write, junit.write)


def asked_for(writers: Writers, page: bool) -> Writers:
    """Return those who write what is asked for: with `report.html`, or without."""
    return writers if page else (None, writers[1])


def write_all(folder: RunFolder, report: Judged, writers: Writers = OF_A_DRILL) -> list[str]:
    """Write `verdict.json`, and its reports; return in words what could not be written."""
    verdict = _written(folder.verdict, partial(report.write, folder.verdict))
    return [*filter(None, [verdict]), *write_reports(folder, report, writers)]


def write_reports(folder: RunFolder, report: Judged, writers: Writers = OF_A_DRILL) -> list[str]:
    """Write the reports of a verdict; return in words what could not be written."""
    pairs = zip((folder.report, folder.junit), writers, strict=True)
    words = (_written(path, partial(write, folder, report)) for path, write in pairs if write)
    return [*filter(None, words)]


def _written(path: Path, write: Callable[[], object]) -> str:
    """Write a file of a verdict; return why it could not be written, in words.

    What stands there of an earlier verdict goes, if it can: a PASS that is no longer so is worse than none.
    """
    why = why_not(write)
    if why and path.exists() and why_not(partial(path.unlink, missing_ok=True)):
        why += "; what stands there is of an earlier judgement, if of any"
    return why and f"{path}: not written: {why}"
