"""The manifest of a run's evidence, `manifest.json`: written when the drill has ended, last of all.

It closes the evidence: what is missing or was changed since is named by whoever checks it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Annotated

from pydantic import Field

from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger_lines import healing
from kubedrill.record.lines import BadEvidence, Count, Line, read_whole

SCHEMA_VERSION = 1

MADE_FROM_IT = (
    "manifest.json",
    *("verdict.json", "verdict.*.json"),
    *("junit.xml", "junit.*.xml"),
    *("report.html", "report.*.html"),
)
"""What judge and report write, again and again: no evidence."""

_READ = (
    "workers-*.json",
    *("samples/load-*", "samples/probe.*"),
    *("metrics/index.jsonl", "metrics/*.prom.gz"),
)
"""What a drill names by its loads and components, besides the files that every run has."""

_THREADS = 4
_NAMED = 10
"""More foreign files than this are counted, not named."""


class Kept(Line):
    """One file as it was when the drill had ended."""

    size: Count
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(Line):
    """`manifest.json`. Names are relative to the run's folder, so that it may be moved."""

    schema_version: int = SCHEMA_VERSION
    files: dict[str, Kept]
    sha256: str
    """Of `files` as JSON: a manifest that was changed is no manifest."""

    @classmethod
    def of(cls, files: Mapping[str, Kept]) -> "Manifest":
        """Return the manifest of these files."""
        ordered = dict(sorted(files.items()))
        return cls(files=ordered, sha256=_digest_of(ordered))

    def text(self) -> str:
        """Return the one way in which it is written."""
        return self.model_dump_json(indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Seal:
    """What became of a run's evidence since the drill has ended, in words."""

    broken: tuple[str, ...] = ()
    """Each file that is missing, was changed or came later, and what is wrong with it."""
    notes: tuple[str, ...] = ()
    """What is of no consequence, such as files of others."""
    readable: bool = True
    """Whether all that is read from is a file; what is something else may never end."""
    sha256: str = ""
    """The manifest's own: of which evidence it is; empty where there is none, or it was changed."""


def seal(folder: RunFolder) -> None:
    """Write the manifest of all that a drill left; whole or not at all, and on the disk.

    Only when nobody writes there any more. OSError if a file cannot be read, or the disk is full.
    """
    found = _walk(folder.path, lambda _: True)
    names = [name for name, kind in found.items() if kind == "file" and not _is_made(name)]
    seal_files(folder, names)


def seal_files(folder: RunFolder, names: Collection[str]) -> None:
    """Write the manifest of these files alone; OSError as of `seal`."""
    with ThreadPoolExecutor(_THREADS) as pool:
        kept = pool.map(lambda name: _kept(folder.path / name), names)
        files = dict(zip(names, kept, strict=True))
    write_whole(folder.manifest, Manifest.of(files).text())
    _sync(folder.path)


def check_files(folder: RunFolder, names: Collection[str]) -> Iterator[str]:
    """Yield what became of the files that a manifest is of, which must be these and no others."""
    try:
        manifest = read_manifest(folder.manifest)
    except BadEvidence as bad:
        yield _unsealed_in_words(folder, bad)
        return
    for name in names:
        if name not in manifest.files:
            yield f"{shown(name)}: was not there when the last drill had ended"
    found = _walk(folder.path, _above(manifest).__contains__)
    for name, was in manifest.files.items():
        if name not in names:
            yield f"{shown(name)}: is in the manifest, and of nothing that was played"
        elif words := _changed(folder, name, was, found):
            yield words


def check(folder: RunFolder) -> Seal:
    """Compare a run's files with its manifest, each read once."""
    try:
        manifest = read_manifest(folder.manifest)
    except BadEvidence as bad:
        return _unsealed(folder, bad)
    above = {"samples", "metrics", "logs"} | _above(manifest)
    found = _walk(folder.path, above.__contains__)
    with ThreadPoolExecutor(_THREADS) as pool:
        said = pool.map(
            lambda file: _changed(folder, file[0], file[1], found), manifest.files.items()
        )
        broken = [words for words in said if words]
    others = [
        name
        for name, kind in found.items()
        if name not in manifest.files
        and not _is_made(name)
        and not (kind == "folder" and name in above)
    ]
    later = [name for name in others if _is_read(folder, name)]
    broken += [f"{shown(name)}: was not there when the drill had ended" for name in later]
    foreign = [name for name in others if name not in later]
    strange = [name for name in (*manifest.files, *later) if found.get(name, "file") != "file"]
    notes = tuple(_foreign(foreign))
    return Seal(tuple(broken), notes, readable=not strange, sha256=manifest.sha256)


def _above(manifest: Manifest) -> set[str]:
    """Return the folders in which what the manifest names stands."""
    return {str(parent) for name in manifest.files for parent in PurePath(name).parents}


def _unsealed_in_words(folder: RunFolder, bad: BadEvidence) -> str:
    words = bad.within(folder.path)
    if bad.what == "is missing":
        words += ": kubedrill was killed before the drill had ended, or it still runs"
    return words


def _unsealed(folder: RunFolder, bad: BadEvidence) -> Seal:
    words = _unsealed_in_words(folder, bad)
    found = _walk(folder.path, lambda _: True)
    strange = [name for name, kind in found.items() if kind != "file" and _is_read(folder, name)]
    named = (f"{shown(name)}: {_NO_FILE[found[name]]}" for name in strange)
    return Seal((words, *named), readable=not strange)


def read_manifest(path: Path) -> Manifest:
    """Return it as it was written; BadEvidence if it is missing, or was changed."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise BadEvidence(path, None, "is no file")
    manifest = read_whole(path, Manifest)
    if manifest.schema_version != SCHEMA_VERSION:
        raise BadEvidence(
            path, None, f"is of schema {manifest.schema_version}, not {SCHEMA_VERSION}"
        )
    whole = manifest.sha256 == _digest_of(manifest.files)
    if not whole or path.read_bytes() != manifest.text().encode():
        raise BadEvidence(path, None, "was changed since it was written")
    return manifest


def _changed(folder: RunFolder, name: str, was: Kept, found: Mapping[str, str]) -> str:
    """Return what became of a file since, in words; empty if it is as it was."""
    path, kind = folder.path / name, found.get(name, "nothing")
    if kind != "file":
        return f"{shown(name)}: {_NO_FILE[kind]}"
    try:
        words = _ledger_changed(path, was) if path == folder.ledger else _content_changed(path, was)
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
    return words and f"{shown(name)}: {words}"


def _content_changed(path: Path, was: Kept) -> str:
    size = path.stat().st_size
    if size != was.size:
        return f"is of {size:,} bytes; when the drill had ended it was of {was.size:,}"
    return "" if _kept(path) == was else "was changed since the drill had ended"


def _ledger_changed(path: Path, was: Kept) -> str:
    """Return how the ledger was changed; what `heal` appended to undo what was left is no change."""
    text = path.read_bytes()
    before, after = text[: was.size], text[was.size :]
    if len(before) < was.size:
        return f"is of {len(text):,} bytes; when the drill had ended it was of {was.size:,}"
    if hashlib.sha256(before).hexdigest() != was.sha256:
        return "was changed since the drill had ended"
    return (
        "" if healing(before, after) else "has lines since the drill's end that heal did not write"
    )


def _foreign(names: list[str]) -> Iterator[str]:
    named = [shown(name) for name in sorted(names)]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    if named:
        yield f"not of this drill, and not looked at: {', '.join(named[:_NAMED])}{more}"


_NO_FILE = {
    "nothing": "is missing",
    "folder": "is a folder, not the file that was written",
    "link": "is a symbolic link, not the file that was written",
    "other": "is no file: a pipe, a socket or a device",
}


def _walk(top: Path, enter: Callable[[str], bool], below: str = "") -> dict[str, str]:
    """Return the relative names of all that stands in a folder, and what each is.

    Links are not followed; of a folder that is not to be entered, no more than its name.
    """
    found: dict[str, str] = {}
    try:
        entries = sorted(os.scandir(top / below), key=lambda entry: entry.name)
    except OSError:
        return found
    for entry in entries:
        name = below + entry.name
        found[name] = _kind(entry)
        if found[name] == "folder" and enter(name):
            found |= _walk(top, enter, f"{name}/")
    return found


def _kind(entry: "os.DirEntry[str]") -> str:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def _is_made(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in MADE_FROM_IT)


def _is_read(folder: RunFolder, name: str) -> bool:
    """Whether a verdict may be made from a file of this name."""
    return folder.path / name in folder.files() or any(
        fnmatchcase(name, pattern) for pattern in _READ
    )


def _kept(path: Path) -> Kept:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Kept(size=file.tell(), sha256=digest)


def _digest_of(files: Mapping[str, Kept]) -> str:
    plain = {name: [file.size, file.sha256] for name, file in files.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _sync(folder: Path) -> None:
    """Let the folder's entries reach the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def shown(name: str) -> str:
    """Return a name in characters that a terminal can show."""
    plain = name.encode("utf-8", "backslashreplace").decode()
    return "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in plain
    )
