"""What `report --github` does in a step of GitHub Actions: its summary, and annotations on its log."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubedrill import places
from kubedrill.errors import CutShort, NotStarted

if TYPE_CHECKING:
    from kubedrill.report.github import StepSummary

SUMMARY = "GITHUB_STEP_SUMMARY"
"""In the environment of a step: the file that its summary is added to."""
WORKSPACE = "GITHUB_WORKSPACE"
"""The same: the repository's folder."""

Tell = Callable[["StepSummary"], None]


def teller(experiment: Path | None) -> Tell:
    """Return what tells of a verdict on an experiment, by file or name; nothing is told of None.

    NotStarted where this is no step of GitHub Actions, or the name is that of no experiment.
    """
    if experiment is None:
        return lambda _: None
    if not (summary := os.environ.get(SUMMARY)):
        raise NotStarted(f"{SUMMARY} is not set; --github is for a step of GitHub Actions")
    file = _in_repository(places.experiment_file(experiment))

    def tell(told: "StepSummary") -> None:
        try:
            with Path(summary).open("a", encoding="utf-8") as page:
                page.write(told.markdown())
        except OSError as error:
            raise CutShort(f"{summary}: {error.strerror}; {SUMMARY} names it") from None
        for line in told.annotations(file):
            click.echo(line)

    return tell


def _in_repository(file: Path) -> str:
    """Return a file's path in the repository; "" if it is not in it."""
    top = Path(os.environ.get(WORKSPACE) or Path.cwd()).resolve()
    path = file.resolve()
    return str(path.relative_to(top)) if path.is_file() and path.is_relative_to(top) else ""
