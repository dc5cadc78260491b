"""`python -m damage [RUN]`: damage a run's folder in many ways and judge each (see CONTRIBUTING.md)."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from damage.cases import Case, both_ways, cases
from damage.example import example
from damage.judging import Answer, answers, as_json, is_pass
from damage.table import show, wrong

HOW_MANY = 520


def main() -> int:
    given = _arguments()
    with tempfile.TemporaryDirectory() as top:
        run = Path(given.run).resolve() if given.run else example(Path(top))
        if not given.run:
            print(f"no RUN was given: a synthetic drill of 30 s, {run}", flush=True)
        if not is_pass(run):
            print(f"{run}: is no PASS to begin with")
            return 1
        known = _known(given.answers)
        begun = time.monotonic()
        found = [*known, *_judged(run, given, known)]
        print(f"judged in {time.monotonic() - begun:.0f} s, {len(known)} before\n")
        print("\n".join(show(found)))
        return 1 if any(map(wrong, found)) else 0


def _judged(run: Path, given: argparse.Namespace, known: list[Answer]) -> Iterator[Answer]:
    every = cases(run, given.how_many, given.seed)[given.begin : given.end]
    before = {(answer.number, answer.anew) for answer in known}
    left = [(case, anew) for case, anew in both_ways(every) if (case.number, anew) not in before]
    until = time.monotonic() + given.seconds if given.seconds else None
    for answer in answers(run, _until(until, left)):
        if given.answers:
            with given.answers.open("a") as file:
                file.write(f"{as_json(answer)}\n")
        yield answer


def _until(end: float | None, left: list[tuple[Case, bool]]) -> Iterator[tuple[Case, bool]]:
    for way in left:
        if end is not None and time.monotonic() > end:
            return
        yield way


def _known(path: Path | None) -> list[Answer]:
    if path is None or not path.exists():
        return []
    return [Answer(**json.loads(line)) for line in path.read_text().splitlines()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="damage")
    parser.add_argument("run", nargs="?", help="the folder of a run that is a PASS")
    parser.add_argument("--how-many", type=int, default=HOW_MANY)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--from", dest="begin", type=int, default=0, help="the first damage")
    parser.add_argument("--to", dest="end", type=int, help="the damage to stop before")
    parser.add_argument("--seconds", type=float, help="begin none after so long")
    parser.add_argument(
        "--answers",
        type=Path,
        help="a file to which answers are added; those in it are not asked again",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
