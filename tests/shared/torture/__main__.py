"""`python -m torture`: random shots at real drills on a cluster of its own (see CONTRIBUTING.md)."""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from torture.cases import Case, cases
from torture.ground import ground
from torture.playing import Played, Range
from torture.table import failed, show

HOW_MANY = 300
MOST_S = 5_400.0
"""A part: begin no drill after that."""


def main() -> int:
    """Play the cases that are asked for, show the tables; return the exit code."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job is deaf to it
    given = _arguments()
    with tempfile.TemporaryDirectory() as top:
        os.environ["KUBEDRILL_STATE"] = f"{top}/state"
        return _play(given, Path(top))


def _play(given: argparse.Namespace, top: Path) -> int:
    known: dict[int, Played] = {}
    with ground(given.on, top) as found:
        capabilities = found.cluster.capabilities
        every = [
            case
            for case in cases(given.seed, capabilities, given.begin, given.end)
            if any(name.startswith(tuple(given.faults)) for name, _ in case.faults)
        ]
        known |= _known(given.answers, every)
        place = Range(found.cluster, Path(given.keep or top) / "project", found.served, found.file)
        left = (case for case in every if case.number not in known)
        for played in map(place.play, _until(time.monotonic() + given.seconds, left)):
            known[played.case.number] = played
            _tell(played)
            _keep(given.answers, played)
    print("", *show([*known.values()]), sep="\n")
    return 1 if failed([*known.values()]) else 0


def _until(end: float, left: Iterable[Case]) -> Iterator[Case]:
    for case in left:
        if time.monotonic() > end:
            print(f"the time is over before case {case.number}", flush=True)
            return
        yield case


def _known(file: Path | None, every: Iterable[Case]) -> dict[int, Played]:
    """Return what became of cases that were played before, by their number."""
    by_number = {case.number: case for case in every}
    lines = file.read_text().splitlines() if file and file.exists() else []
    told = (json.loads(line) for line in lines)
    return {
        known["number"]: Played(by_number[known["number"]], **known["played"])
        for known in told
        if known["number"] in by_number
    }


def _keep(file: Path | None, played: Played) -> None:
    if file:
        told = {key: value for key, value in asdict(played).items() if key != "case"}
        with file.open("a") as opened:
            opened.write(json.dumps({"number": played.case.number, "played": told}) + "\n")


def _tell(played: Played) -> None:
    print(f"{played.case} -> {played.verdict}, {played.seconds:.0f} s", flush=True)
    told = {"missed": ["its moment did not come"] if played.missed else []}
    told |= {"left": played.left, "left after heal": played.left_after_heal, "WRONG": played.wrong}
    for what, words in told.items():
        print(*(f"    {what}: {line}\n" for line in words), sep="", end="", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="torture")
    parser.add_argument("--on", default="local", help="the provider of the cluster")
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--from", dest="begin", type=int, default=0, help="the first case")
    parser.add_argument(
        "--to", dest="end", type=int, default=HOW_MANY, help="the case to stop before"
    )
    parser.add_argument(
        "--faults", nargs="+", default=[""], help="only cases with one whose name begins so"
    )
    parser.add_argument("--seconds", type=float, default=MOST_S, help="begin none after so long")
    parser.add_argument(
        "--answers",
        type=Path,
        help="a file to which is added what became of cases; not played again",
    )
    parser.add_argument("--keep", help="a new folder for the runs in which something was wrong")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
