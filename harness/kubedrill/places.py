"""Where the files that a user edits stand: experiments/, loadprofiles/, clusters/."""

from collections.abc import Callable, Iterable
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.words import did_you_mean, shown

_PACKAGE = Path(__file__).resolve().parent


def folder(kind: str, near: Path | None = None) -> Path:
    """Return the folder `kind` (clusters | loadprofiles | experiments).

    It is sought beside the experiment file `near` and upwards, then from the working directory
    upwards; else it is the copy that came with the package.
    """
    starts = [_folder_of(near)] if near else []
    for start in [*starts, Path.cwd()]:
        for parent in [start, *start.parents]:
            if (parent / kind).is_dir():
                return parent / kind
    return shipped(kind)


def _folder_of(file: Path) -> Path:
    try:
        return file.resolve().parent
    except (RuntimeError, OSError):  # links in a circle
        return file.absolute().parent


def fault_files(near: Path | None = None) -> list[Path]:
    """Return the user's files of faults: `faults/*.py` beside the folder experiments/."""
    return sorted((folder("experiments", near).parent / "faults").glob("*.py"))


def shipped(kind: str) -> Path:
    """Return the folder of that kind that came with the package."""
    installed = _PACKAGE / "shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parents[1] / kind


def cluster_file(name: str, near: Path | None = None, also: Iterable[str] = ()) -> Path:
    """Return `clusters/NAME.yaml`; NotStarted with the nearest name, of `also` too, if there is none."""
    clusters = folder("clusters", near)
    path = clusters / f"{name}.yaml"
    if not _is(path.is_file):
        known = {*also, *(file.stem for file in clusters.glob("*.yaml"))}
        meant = did_you_mean(name, known) or f"; there is no cluster file in {clusters}"
        raise NotStarted(f'unknown cluster "{shown(name)}"{meant}')
    return path


def experiment_file(named: Path, *also: str, near: Path | None = None) -> Path:
    """Return the file that is meant: a path as it is, or a name as `kubedrill list` has it.

    `also` are other folders in which it may be (clusters); all are sought as `folder` does. NotStarted with
    the nearest name if there is none.
    """
    if named.suffix or len(named.parts) > 1 or _is(named.is_file):
        return named
    there = [path for kind in ("experiments", *also) for path in folder(kind, near).glob("*.yaml")]
    found = next((path for path in there if path.stem == str(named) and path.is_file()), None)
    if found is None and _is(named.is_dir):
        return named  # who reads it says what it is
    if found is None:
        what = " or ".join(folder.removesuffix("s") for folder in ("experiments", *also))
        known = [path.stem for path in there]
        raise NotStarted(f'unknown {what} "{shown(named)}"{did_you_mean(str(named), known)}')
    return found


def _is(kind: Callable[[], bool]) -> bool:
    """Whether a path is of that kind; a name that is too long for any is of none."""
    try:
        return kind()
    except OSError:
        return False


def working_directory_stands() -> bool:
    """Whether the working directory was not deleted meanwhile."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True
