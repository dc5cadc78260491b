"""History: the runs below a reports folder, each by its manifest and its verdict, which must belong together.

What cannot be read is a run as well, and says why: nothing is left out, and nothing ends it.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.history.past import PastRun, PastVerdict, Standing
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, MissingEvidence
from kubedrill.record.manifest import Manifest, read_manifest
from kubedrill.record.verdict import Verdict
from kubedrill.words import in_a_line, printable

_START = re.compile(r"(\d{8}T\d{6}Z)(?:-\d{1,2})?")
_COMPARED = "variants.json"
"""A folder that has it is a comparison's; the runs of its arms stand in there."""
_OF_A_RUN = ("manifest.json", "verdict.json", "ledger.jsonl")


def read_history(reports: Path) -> list[PastRun]:
    """Return the runs below a folder, those of comparisons among them, by their start.

    NotStarted if there is no such folder.
    """
    try:
        experiments = _folders(reports)
    except OSError as error:
        raise NotStarted(
            f"{reports}: cannot be read ({error.strerror}); say where the runs are, with --reports"
        ) from None
    found = (run for folder in experiments for run in _within(reports, folder, folder.name))
    return sorted(found, key=lambda run: (run.start, run.path))


def _within(reports: Path, folder: Path, experiment: str) -> Iterator[PastRun]:
    """Yield the runs in the folder of an experiment, or of an arm."""
    try:
        runs = [inner for inner in _folders(folder) if _is_run(inner)]
    except OSError as error:
        yield _unjudged(reports, RunFolder(folder), experiment, f"cannot be read: {error.strerror}")
        return
    for run in runs:
        yield _read(reports, RunFolder(run), experiment)
        yield from _played(reports, run, experiment)


def _played(reports: Path, run: Path, experiment: str) -> Iterator[PastRun]:
    """Yield the runs of a comparison; none of a run that is a drill."""
    try:
        arms = _folders(run) if (run / _COMPARED).is_file() else []
    except OSError as error:
        yield _unjudged(
            reports, RunFolder(run), experiment, f"its arms cannot be read: {error.strerror}"
        )
        return
    for arm in arms:
        yield from _within(reports, arm, f"{experiment}.{arm.name}")


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, in order: no links, as `latest` is, and nothing hidden."""
    return sorted(
        inner
        for inner in folder.iterdir()
        if inner.is_dir() and not inner.is_symlink() and not inner.name.startswith(".")
    )


def _is_run(folder: Path) -> bool:
    known = _START.fullmatch(folder.name) is not None
    return known or any((folder / name).exists() for name in _OF_A_RUN)


def _read(reports: Path, folder: RunFolder, experiment: str) -> PastRun:
    try:
        return _known(reports, folder)
    except BadEvidence as bad:
        why = _no_verdict(folder) if isinstance(bad, MissingEvidence) else bad.within(folder.path)
    except Exception as error:  # noqa: BLE001 - one run that nobody thought of must not hide the others
        why = in_a_line(error)
    return _unjudged(reports, folder, experiment, why)


def _known(reports: Path, folder: RunFolder) -> PastRun:
    verdict = PastVerdict.read(folder.verdict)
    why = _stale(folder, verdict)
    return PastRun(
        path=_path(reports, folder),
        experiment=verdict.experiment,
        start=_start(folder, verdict),
        standing=Standing.STALE if why else Standing(verdict.verdict),
        why=printable(why or next(iter(verdict.reasons), "")),
        verdict=verdict,
        page=folder.report.is_file(),
    )


def _unjudged(reports: Path, folder: RunFolder, experiment: str, why: str) -> PastRun:
    path, start = _path(reports, folder), _start(folder, None)
    words = printable(why)
    return PastRun(path, experiment, start, Standing.UNJUDGED, words, None, page=False)


def _path(reports: Path, folder: RunFolder) -> str:
    return folder.path.relative_to(reports).as_posix()


def _no_verdict(folder: RunFolder) -> str:
    if folder.manifest.exists():
        return "has no verdict.json; judge it again"
    return "has neither verdict nor manifest: kubedrill was killed before the drill had ended, or it runs"


def _start(folder: RunFolder, verdict: PastVerdict | None) -> datetime:
    """Return when a run began: by its name, else by its first phase, else by its folder."""
    if named := _START.fullmatch(folder.run):
        try:
            return datetime.strptime(f"{named[1]}+0000", "%Y%m%dT%H%M%SZ%z")
        except ValueError:
            pass  # digits, and no date
    if verdict and verdict.phases:
        return datetime.fromisoformat(verdict.phases[0].date).astimezone(UTC)
    try:
        return datetime.fromtimestamp(folder.path.stat().st_mtime, UTC)
    except OSError:  # it went meanwhile
        return datetime.fromtimestamp(0, UTC)


def _stale(folder: RunFolder, verdict: PastVerdict) -> str:
    """Return why a verdict is not of the evidence that stands beside it; "" where it is."""
    try:
        manifest = read_manifest(folder.manifest)
    except BadEvidence:
        manifest = None
    if why := _untied(verdict.manifest, manifest.sha256 if manifest else ""):
        return why
    if verdict.verdict is Verdict.INVALID:
        return ""
    if manifest is None:
        return f"verdict.json says {verdict.verdict} of evidence that no manifest closes"
    if verdict.verdict is Verdict.PASS and not verdict.all_held:
        return "verdict.json says PASS, and that not everything held"
    return next((f"{name} was changed since" for name in _resized(folder, manifest)), "")


def _untied(said: str, there: str) -> str:
    """Return why two digests are not of the same evidence; one that is empty is of none."""
    if said == there:
        return ""
    if not said:
        return "verdict.json does not say of which evidence it is"
    if not there:
        return "verdict.json is of evidence whose manifest is missing, or was changed"
    return "verdict.json is of other evidence than manifest.json"


def _resized(folder: RunFolder, manifest: Manifest) -> Iterator[str]:
    """Yield the files whose size is another one by now; to the ledger `heal` may have added lines."""
    for name, was in manifest.files.items():
        path = folder.path / name
        try:
            size = path.stat().st_size
        except OSError:
            size = -1
        if size < was.size or (size > was.size and path != folder.ledger):
            yield name
