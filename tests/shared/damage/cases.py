"""Which damages a campaign does, by number: the same ones for the same run and seed."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from damage import documents, files, pages, records
from damage.files import Damage, Unfit
from kubedrill.record.manifest import MADE_FROM_IT

MANIFEST = "manifest.json"
SAME = ": it says the same as before"
_TRIES = 20


@dataclass(frozen=True)
class Case:
    """One damage of one file, named from the run's folder on."""

    number: int
    file: str
    kind: str
    seed: str


def inflict(case: Case, run: Path) -> tuple[str, str]:
    """Damage a file of a copy of the run; return the kind, and in words what was done.

    Where the kind does not fit what the file holds, it is the next one that does.
    """
    path = run / case.file
    kinds = {damage.__name__: damage for damage in kinds_of(path)}
    names = [*kinds]
    first = names.index(case.kind)
    for kind in (*names[first:], *names[:first]):
        said = _inflicted(path, kinds[kind], Random(case.seed))
        if said:
            return kind, said
    raise AssertionError(f"nothing damages {path}")


def _inflicted(path: Path, damage: Damage, chance: Random) -> str:
    """Damage a file so that it is another one than before; "" if chance finds no way."""
    before = path.read_bytes()
    for _ in range(_TRIES):
        with suppress(Unfit):
            said = damage(path, chance)
            if _differs(path, before):
                return said + (SAME if _says_the_same(path, before) else "")
    return ""


def kinds_of(path: Path) -> tuple[Damage, ...]:
    """Return the damages that may fit a file of that name."""
    match path.suffix:
        case ".jsonl":
            return (*files.OF_ANY, *files.OF_LINES, *documents.OF_JSON)
        case ".json":
            more = documents.OF_OBJECTIVES if path.name == "schedule.json" else ()
            return (*files.OF_ANY, *files.OF_LINES, *documents.OF_JSON, *more)
        case ".yaml":
            return (*files.OF_ANY, *files.OF_LINES, documents.loosened)
        case ".parquet":
            return (*files.OF_ANY, *records.OF_TABLES)
        case ".gz":
            return (*files.OF_ANY, *pages.OF_PAGES)
        case _:
            return (*files.OF_ANY, *files.OF_LINES)


def evidence(run: Path) -> Iterator[str]:
    """Yield the names of a run's evidence, its manifest among them."""
    made = {pattern for pattern in MADE_FROM_IT if pattern != MANIFEST}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if path.is_file() and not any(path.match(pattern) for pattern in made):
            yield name


def cases(run: Path, how_many: int, seed: int) -> list[Case]:
    """Return so many damages: each that may fit each file, in an order that the seed gives, and again."""
    pairs = [(name, kind.__name__) for name in evidence(run) for kind in kinds_of(run / name)]
    Random(seed).shuffle(pairs)
    return [
        Case(number, name, kind, f"{seed}:{number}")
        for number, (name, kind) in enumerate(islice(cycle(pairs), how_many))
    ]


def both_ways(damages: Iterable[Case]) -> list[tuple[Case, bool]]:
    """Return each as it is (False), and with the manifest made anew after it (True)."""
    ways = ((case, anew) for case in damages for anew in (False, True))
    return [(case, anew) for case, anew in ways if not (anew and case.file == MANIFEST)]


def _says_the_same(path: Path, before: bytes) -> bool:
    """Whether what is read from a document or a table is what it was, whatever its bytes."""
    read = {".json": json.loads, ".yaml": yaml.safe_load, ".parquet": _table}.get(path.suffix)
    if read is None or path.is_symlink() or not path.is_file() or not path.stat().st_mode & 0o400:
        return False
    try:
        return bool(read(path.read_bytes()) == read(before))
    except (OSError, ValueError, yaml.YAMLError, pa.ArrowException):
        return False


def _table(data: bytes) -> pa.Table:
    return pq.read_table(BytesIO(data))


def _differs(path: Path, before: bytes) -> bool:
    if path.is_symlink() or not path.is_file() or not path.stat().st_mode & 0o400:
        return True
    return path.read_bytes() != before
