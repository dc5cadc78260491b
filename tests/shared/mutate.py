"""Mutates files that people write, and has each checked: no traceback, no hang, and every error says where.

`python -m mutate [HOW_MANY] [SEED]` mutates the shipped experiments and clusters, a profile, recorded
rates, and arguments of `--set`, in so many ways; it says what went wrong, and lists what was accepted
though it looks senseless. Each 40th mutation is given to a process of its own, as a person would.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from commanding import command
from mutations import LONG, ODD, OF_BYTES, VALUES, found, of_document, places
from no_files import a_folder, a_pipe, endless
from platformdirs import user_cache_path

TOP = Path(__file__).resolve().parents[2]
EXTRA = Path(__file__).with_name("mutated")
LIMIT_S = 60
"""A check takes 0.1 s, or 2 s where a profile must be asked; one that takes so long hangs."""
SLOW_S = 5.0
"""What is listed as slow; only the CPU time of this process counts, whoever else is on the machine."""
ENDLESS = 1_000
"""Characters of a line that repeats what the file holds."""
BY_PROCESS = 40
Random = random.Random


def to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def gone(path: Path) -> None:
    """Leave nothing in its place."""


NOT_FILES: tuple[Callable[[Path], None], ...] = (
    *(a_folder, a_pipe, endless, to_itself, to_nowhere, gone),
)


@dataclass(frozen=True)
class Mutation:
    """One change of one file, or of the command."""

    number: int
    file: str
    """What was changed, from the project's top."""
    kind: str
    where: str
    content: bytes | None
    """What the file holds; None where it is no file, or is as it was."""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    mutation: Mutation
    code: object
    said: str
    seconds: float
    """Of this process's CPU."""
    unlike: bool = True
    """Whether what was accepted says something else than before."""

    @property
    def wrong(self) -> str:
        """What is wrong with the answer; empty if nothing is."""
        if "Traceback" in self.said or "Error:\n" in self.said:
            return "a traceback"
        if self.code not in (0, 3):
            return f"exit code {self.code}"
        if self.code == 0:
            return "" if self.said.endswith(": ok\n") else "no answer"
        lines = self.said.splitlines()
        nameless = [line for line in lines if not _PLACE.match(line)]
        if nameless or not lines:
            return f"without a place: {(nameless or ['nothing'])[0][:200]}"
        return "" if max(map(len, lines)) < ENDLESS else "an endless line"


_PLACE = re.compile(
    r"(experiments|clusters)/[^:]+(:[0-9]+)?: |--(set|scale) ?"
    r"|Usage: |Try '|$|Error: Invalid value for '--scale'"
)
"""How a line begins that says where something is wrong."""

KINDS = ("experiment",) * 27 + ("everything",) * 12 + ("cluster", "set") * 6 + ("recorded",) * 3
KINDS += ("profile",)
PROFILE = "loadprofiles/mass_list.py"
NAMED_BY = {
    "experiments/day.csv": "experiments/everything.yaml",
    PROFILE: "experiments/etcd-member-kill.yaml",
}
"""What is read where another file names it."""


def project(folder: Path) -> Path:
    """Make a project like the shipped one, with every key in use, and return its folder."""
    for kind in ("experiments", "clusters", "loadprofiles"):
        shutil.copytree(TOP / kind, folder / kind, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(EXTRA, folder, dirs_exist_ok=True)
    return folder


def mutations(folder: Path, how_many: int, seed: int) -> Iterator[Mutation]:
    """Yield so many changes of the files of a project, in an order that the seed gives."""
    files = {
        kind: sorted(path.relative_to(folder) for path in (folder / kind).glob("*.yaml"))
        for kind in ("experiments", "clusters")
    }
    for number in range(how_many):
        chance = Random(seed * 1_000_003 + number)
        match chance.choice(KINDS):
            case "cluster":
                yield of_file(number, folder, chance.choice(files["clusters"]), chance)
            case "everything":
                yield of_file(number, folder, Path("experiments/everything.yaml"), chance)
            case "recorded":
                yield of_recording(number, folder, chance)
            case "profile":
                data = (folder / PROFILE).read_bytes()
                how = chance.choice(OF_BYTES)
                yield Mutation(number, PROFILE, how.__name__, "", how(data, chance))
            case "set":
                yield of_arguments(number, folder, chance.choice(files["experiments"]), chance)
            case _:
                yield of_file(number, folder, chance.choice(files["experiments"]), chance)


def of_file(number: int, folder: Path, file: Path, chance: Random) -> Mutation:
    """Change a YAML file: what it is, its bytes, or one value in it."""
    data, name = (folder / file).read_bytes(), str(file)
    return of_any(number, name, data, chance, (0.03, 0.35)) or Mutation(
        number, name, *of_document(data, chance)
    )


def of_any(
    number: int, name: str, data: bytes, chance: Random, until: tuple[float, float]
) -> Mutation | None:
    """Change what a file is, or its bytes, where chance is below these two shares; else None."""
    share = chance.random()
    if share < until[0]:
        make = chance.choice(NOT_FILES)
        return Mutation(number, name, "not a file", make.__name__, None)
    if share < until[1]:
        how = chance.choice(OF_BYTES)
        return Mutation(number, name, how.__name__, "", how(data, chance))
    return None


ROWS = (
    *(
        "nan,1",
        "1,inf",
        "-1,5",
        "1;5",
        "1,2,3",
        "1",
        '"1,5',
        "\u0661,5",
        "1e308,1",
        "5,1e308",
        "x,y",
    ),
    *(
        "1_0,5",
        " 5 , 5 ",
        "5," + "9" * LONG,
        '"' + "x" * 200_000 + '",5',
        "\0,5",
        "0,5",
        "1e-300,5",
    ),
    *("=cmd(),5", "1,5s", "", ",", "1.000,5", "\u2028", "5\t5"),
)


def of_recording(number: int, folder: Path, chance: Random) -> Mutation:
    """Change the recorded rates that an experiment names."""
    file = Path("experiments/day.csv")
    data, name = (folder / file).read_bytes(), str(file)
    if changed := of_any(number, name, data, chance, (0.1, 0.5)):
        return changed
    lines = data.splitlines(keepends=True)
    row = chance.choice(ROWS)
    lines.insert(chance.randrange(len(lines) + 1), f"{row}\n".encode())
    return Mutation(number, name, "row", row[:20], b"".join(lines))


def of_arguments(number: int, folder: Path, file: Path, chance: Random) -> Mutation:
    """Give an experiment as it is an argument that is odd."""
    name = str(file)
    if chance.random() < 0.1:
        scale = chance.choice(
            ["nan", "inf", "-1", "0", "1e308", "\u0661", "", "1,5", "x" * 1000, "10.1", "1e-300"]
        )
        return Mutation(number, name, "scale", scale[:20], None, ("--scale", scale))
    document = yaml.safe_load((folder / file).read_bytes())
    place = chance.choice(places(document))
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)[1:]
    kind = chance.choice(list(VALUES))
    value = VALUES[kind](chance)
    odd = {
        "dots": f"{'.' * chance.choice([1, 5_000])}{key}={value}",
        "steps": f"{'a.' * chance.choice([30, 50, 5_000])}b={value}",
        "index": f"{key}[{chance.choice(['99999', '-1', '9' * 30, 'x', '', '0'])}]={value}",
        "no value": key,
        "no key": f"={value}",
        "empty": "",
        "brackets": f"{key}{'[' * chance.choice([1, 5_000])}={value}",
        "misspelt": f"{key[:-1]}={value}",
        "long": f"{'k' * LONG}=1",
        "crossed": f"{key}={found(document, chance.choice(places(document)))}",
    }
    if chance.random() < 0.6:
        return Mutation(number, name, kind, f"--set {key}", None, ("--set", f"{key}={value}"))
    kind = chance.choice(list(odd))
    return Mutation(number, name, f"set {kind}", key, None, ("--set", odd[kind]))


class Hang(BaseException):
    """A check that does not end."""


def _hang(*_: object) -> None:
    raise Hang


_here: Path | None = None


def _begin(folder: Path) -> None:
    """Give this process a project of its own."""
    global _here  # noqa: PLW0603 - one for each process
    _here = project(folder / str(os.getpid()))
    programs = os.environ.get("KUBEDRILL_CACHE") or str(user_cache_path("kubedrill"))
    os.environ |= {
        "KUBEDRILL_CACHE": programs,
        "XDG_CACHE_HOME": str(folder / "cache"),
        "KUBEDRILL_STATE": str(folder / "state"),
    }
    os.chdir(_here)
    signal.signal(signal.SIGALRM, _hang)


def answered(mutation: Mutation) -> Answer:
    """Put a mutation into this process's project, have it checked, and put things right again."""
    path = Path(mutation.file)
    original = path.read_bytes()
    try:
        _put(mutation, path)
        answer = _checked(mutation)
        accepted = answer.code == 0 and mutation.content is not None
        return replace(answer, unlike=not (accepted and _are_alike(original, mutation.content)))
    finally:
        _remove(path)
        path.write_bytes(original)


def _are_alike(before: bytes, after: bytes) -> bool:
    """Whether two files say the same: what was changed was in a comment, or how it is written."""
    try:
        return bool(yaml.safe_load(before) == yaml.safe_load(after))
    except (yaml.YAMLError, ValueError):
        return False  # our reader is another one than PyYAML's


def _put(mutation: Mutation, path: Path) -> None:
    if mutation.content is not None:
        path.write_bytes(mutation.content)
    elif mutation.kind == "not a file":
        _remove(path)
        {make.__name__: make for make in NOT_FILES}[mutation.where](path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _checked(mutation: Mutation) -> Answer:
    words = ["validate", NAMED_BY.get(mutation.file, mutation.file), *mutation.arguments]
    if mutation.number % BY_PROCESS == 0 and not any("\0" in word for word in words):
        done = subprocess.run(
            [sys.executable, "-m", "kubedrill", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_S,
            check=False,
        )
        return Answer(mutation, done.returncode, done.stdout.decode(errors="replace"), 0.0)
    begin = time.process_time()
    signal.alarm(LIMIT_S)
    try:
        code, said = command(words)
    except Hang:
        code, said = "of a hang", ""
    finally:
        signal.alarm(0)
    return Answer(mutation, code, said, time.process_time() - begin)


def campaign(how_many: int, seed: int) -> list[Answer]:
    """Return the answers to so many mutations, checked side by side."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        every = mutations(project(folder / "first"), how_many, seed)
        with ProcessPoolExecutor(os.cpu_count(), initializer=_begin, initargs=(folder,)) as pool:
            return list(pool.map(answered, every, chunksize=8))


def accepted(answers: list[Answer]) -> list[str]:
    """Return, grouped, what was accepted though its kind looks senseless."""
    odd = [
        answer.mutation
        for answer in answers
        if answer.code == 0 and answer.unlike and answer.mutation.kind in ODD
    ]
    groups = Counter((mutation.kind, re.sub(r"\d+", "N", mutation.where)) for mutation in odd)
    return [
        f"{kind}, {where or 'anywhere'}: {count}" for (kind, where), count in sorted(groups.items())
    ]


def main() -> int:
    how_many = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    answers = campaign(how_many, seed)
    refused = sum(answer.code == 3 for answer in answers)
    wrong = [answer for answer in answers if answer.wrong]
    print(f"{len(answers)} mutations: {refused} refused, {len(wrong)} answered wrongly")
    for answer in wrong:
        at = answer.mutation
        print(f"  {at.number}: {at.kind} {at.file} {at.where}: {answer.wrong}")
    slow = [answer for answer in answers if answer.seconds > SLOW_S]
    for answer in sorted(slow, key=lambda answer: -answer.seconds)[:10]:
        at = answer.mutation
        print(f"  {at.number}: {at.kind} {at.file} {at.where}: {answer.seconds:.1f} s of CPU")
    print("accepted, though it looks senseless:", *accepted(answers), sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
