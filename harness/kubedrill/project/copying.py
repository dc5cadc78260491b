"""Copy what comes with the package, and bring a copy up to date: what somebody has edited stays theirs.

`.kubedrill.json` in the folder says of which version each file is, as it was then: what was not changed
since is replaced, what was is kept, and what has changed on both sides comes beside it as `NAME.new`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from kubedrill import __version__, places
from kubedrill.errors import NotStarted
from kubedrill.record.files import write_whole
from kubedrill.record.lines import BadEvidence, Line, MissingEvidence, read_whole

FOLDERS = {"experiments": "*.yaml", "loadprofiles": "*.py", "clusters": "*.yaml"}
MANIFEST = ".kubedrill.json"
NEW = ".new"


class CopiedFrom(Line):
    """`.kubedrill.json`."""

    version: str
    """kubedrill's."""
    files: dict[str, str]
    """By path in the folder, the SHA-256 of what came with that version."""


@dataclass(slots=True)
class Copied:
    """What became of each file, by its path in the folder."""

    version: str = ""
    """From which version the folder was before; "" if it is new."""
    written: list[str] = field(default_factory=list)
    """Those that were not there, or not changed since they came."""
    kept: list[str] = field(default_factory=list)
    """Those that were changed, and came with no other text since."""
    beside: list[str] = field(default_factory=list)
    """Those that have changed on both sides: the other text is beside them."""
    removed: list[str] = field(default_factory=list)
    """Those that were removed, and stay away."""


def copy_shipped(folder: Path, also: Mapping[str, str]) -> Copied:
    """Copy all that comes with the package into a folder, or bring it up to date; NotStarted if it cannot be.

    `also` are texts besides, by their path.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _copied(folder, {**dict(_shipped()), **also})
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no text"
        where = error.filename if isinstance(error, OSError) else folder
        raise NotStarted(f"{where}: {why}") from None


def _shipped() -> Iterator[tuple[str, str]]:
    """Yield path and text of each file that comes with the package."""
    for kind, pattern in FOLDERS.items():
        for file in sorted(places.shipped(kind).glob(pattern)):
            yield f"{kind}/{file.name}", file.read_text(encoding="utf-8")


def _copied(folder: Path, texts: Mapping[str, str]) -> Copied:
    before = _before(folder)
    there = {path: _text(folder / path) for path in texts}
    if before is None and (foreign := [path for path, text in there.items() if text is not None]):
        raise NotStarted(
            f"{folder / foreign[0]} is there already, and {folder} is none that kubedrill init has made; "
            "name another folder"
        )
    copied = Copied(before.version if before else "")
    for path, text in texts.items():
        _take(folder, path, text, before.files.get(path, "") if before else "", copied)
    known = {path: _hash(text) for path, text in texts.items()}
    manifest = CopiedFrom(version=__version__, files=known)
    write_whole(folder / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return copied


def _take(folder: Path, path: str, text: str, was: str, copied: Copied) -> None:
    """Write one file, if nobody has changed it since it came; `was` is the hash of what came then."""
    file = folder / path
    there = _text(file)
    if there is None and was:
        copied.removed.append(path)
    elif there is None or _hash(there) in {was, _hash(text)}:
        file.parent.mkdir(parents=True, exist_ok=True)
        if there != text:
            write_whole(file, text)
            copied.written.append(path)
    elif was == _hash(text):
        copied.kept.append(path)
    else:
        write_whole(file.with_name(file.name + NEW), text)
        copied.beside.append(path)


def _before(folder: Path) -> CopiedFrom | None:
    try:
        return read_whole(folder / MANIFEST, CopiedFrom)
    except MissingEvidence:
        return None
    except BadEvidence as bad:
        raise NotStarted(f"{bad}; remove it to begin anew in another folder") from None


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
