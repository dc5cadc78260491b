"""Damages a run's folder in many ways and judges each: none may be a PASS, none may end in a traceback.

`python -m damage RUN [HOW_MANY]` damages a copy of RUN, which must be a PASS, in so many ways: as it is, and
with the manifest made anew after each damage.
"""

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from commanding import command

from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import MADE_FROM_IT, seal

Random = random.Random
Damage = Callable[[Path, Random], None]


def missing(path: Path, chance: Random) -> None:
    path.unlink()


def folder(path: Path, chance: Random) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path, chance: Random) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path, chance: Random) -> None:
    path.unlink()
    path.symlink_to(path.name)


def truncated(path: Path, chance: Random) -> None:
    size = path.stat().st_size
    if size:
        os.truncate(path, chance.randrange(size))
    else:
        path.write_bytes(b"?")  # of nothing, nothing can be cut off


def flipped(path: Path, chance: Random) -> None:
    data = bytearray(path.read_bytes() or b"?")
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def dropped(path: Path, chance: Random) -> None:
    _lines(path, lambda lines: lines.pop(chance.randrange(len(lines))))


def doubled(path: Path, chance: Random) -> None:
    _lines(path, lambda lines: lines.insert(0, chance.choice(lines)))


def swapped(path: Path, chance: Random) -> None:
    def swap(lines: list[bytes]) -> None:
        first = chance.randrange(len(lines))
        other = next((n for n, line in enumerate(lines) if line != lines[first]), None)
        if other is None:
            lines.append(b"more\n")
        else:
            lines[first], lines[other] = lines[other], lines[first]

    _lines(path, swap)


def garbled(path: Path, chance: Random) -> None:
    _lines(path, lambda lines: lines.__setitem__(chance.randrange(len(lines)), b"\xff\x00{]\n"))


def renumbered(path: Path, chance: Random) -> None:
    """Change a digit somewhere: a time, a count, a threshold."""
    data = bytearray(path.read_bytes())
    digits = [at for at, one in enumerate(data) if 48 <= one < 58]
    if digits:
        at = chance.choice(digits)
        data[at] = 48 + (data[at] - 48 + chance.randrange(1, 10)) % 10
    else:
        data += b"0"
    path.write_bytes(data)


def retyped(path: Path, chance: Random) -> None:
    """Make a number a text, or what else a value may become."""
    data = path.read_bytes()
    places = [at for at, one in enumerate(data) if data[at : at + 1] == b":"]
    at = chance.choice(places) + 1 if places else len(data)
    path.write_bytes(data[:at] + chance.choice([b'"7",', b"NaN,", b"-1,", b"null,"]) + data[at:])


def renamed_key(path: Path, chance: Random) -> None:
    data = path.read_bytes()
    quotes = [at for at, one in enumerate(data) if data[at : at + 1] == b'"']
    at = chance.choice(quotes) + 1 if quotes else len(data)
    path.write_bytes(data[:at] + b"x" + data[at:])


KINDS: tuple[Damage, ...] = (
    missing,
    truncated,
    flipped,
    dropped,
    doubled,
    swapped,
    garbled,
    renumbered,
    retyped,
    renamed_key,
    folder,
    pipe,
    link,
)


def _lines(path: Path, change: Callable[[list[bytes]], object]) -> None:
    lines = path.read_bytes().splitlines(keepends=True) or [b""]
    change(lines)
    path.write_bytes(b"".join(lines) + (b"" if any(lines) else b"?"))


@dataclass(frozen=True)
class Case:
    """One damage of one file."""

    run: Path
    name: str
    kind: str
    seed: int
    anew: bool
    """Whether the manifest is made anew afterwards."""


@dataclass(frozen=True)
class Answer:
    case: Case
    code: object
    said: str

    @property
    def wrong(self) -> str:
        """What is wrong with the answer; empty if nothing is."""
        if "Traceback" in self.said:
            return "a traceback"
        if self.code == 0 and not self.case.anew:
            return "a PASS"
        if self.code not in (0, 1, 2):
            return f"exit code {self.code}"
        named = Path(self.case.name).name in self.said.replace("\n", "").replace(" ", "")
        return "" if named or self.case.anew else "the file is not named"


def cases(run: Path, how_many: int, anew: bool, seed: int = 13) -> Iterator[Case]:
    """Yield so many damages: each kind of each file in turn, in an order that the seed gives."""
    evidence = [
        str(path.relative_to(run))
        for path in sorted(run.rglob("*"))
        if path.is_file()
        and path.name not in MADE_FROM_IT[1:]
        and not (anew and path.name == MADE_FROM_IT[0])
    ]
    pairs = [(name, kind) for kind in KINDS for name in evidence]
    Random(seed).shuffle(pairs)
    for number, (name, kind) in enumerate(islice(cycle(pairs), how_many)):
        yield Case(run, name, kind.__name__, seed + number, anew)


def judged(case: Case) -> Answer:
    """Damage a copy of the run and judge it through the command's own entry, in this process."""
    with tempfile.TemporaryDirectory() as top:
        copy = Path(top) / "kill" / case.run.name
        shutil.copytree(case.run, copy, symlinks=True)
        kinds = {kind.__name__: kind for kind in KINDS}
        kinds[case.kind](copy / case.name, Random(case.seed))
        if case.anew:
            seal(RunFolder(copy))
        return Answer(case, *command(["judge", str(copy)]))


def campaign(run: Path, how_many: int, anew: bool) -> list[Answer]:
    """Return the answers to so many damages, judged side by side."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(judged, cases(run, how_many, anew), chunksize=8))


def main() -> int:
    run, how_many = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 520
    code, said = command(["judge", str(run)])
    if code != 0:
        print(f"{run}: not a PASS to begin with\n{said}")
        return 1
    wrong = 0
    for anew in (False, True):
        answers = campaign(run, how_many, anew)
        passed = [one for one in answers if one.code == 0]
        how = "with the manifest made anew" if anew else "as it is"
        print(f"{how}: {len(answers)} damages, {len(passed)} PASS")
        for one in answers:
            if one.wrong or one.code == 0:
                print(f"  {one.case.kind} {one.case.name}: {one.wrong or 'PASS'}")
                wrong += bool(one.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
