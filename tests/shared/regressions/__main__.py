"""`python -m regressions`: play short runs, and see what comparisons of them find (see CONTRIBUTING.md)."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from kubedrill.regression.verdict import Shift
from regressions.playing import LEVELS, rounds
from regressions.trying import NORMAL, RUNS, false_alarms, of_level, read, tries

ALIKE, PLANTED = 1000, 20
MOST_FALSE = 0.05
MUST_BE_FOUND = ("20 % slower", "twice as slow")


def main() -> int:
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        file = given.answers or Path(folder) / "runs.jsonl"
        file.touch()
        _play(given, Path(folder), file)
        runs = read(file)
    if len(of_level(runs, NORMAL)) < 2 * RUNS:
        print(f"{2 * RUNS} rounds are needed at least: {len(of_level(runs, NORMAL))} were played")
        return 1
    return _show(runs)


def _play(given: argparse.Namespace, folder: Path, file: Path) -> None:
    """Play the rounds that are not there yet; none is begun after the time that was given."""
    done = max((run.round for run in read(file)), default=-1) + 1
    begun = time.monotonic()
    for run in rounds(folder, range(done, given.rounds), given.seconds):
        with file.open("a") as lines:
            lines.write(f"{run.as_json()}\n")
        if run.level == [*LEVELS][-1]:
            print(f"round {run.round + 1} of {given.rounds}", flush=True)
            if given.minutes and time.monotonic() - begun > 60 * given.minutes:
                return


def _show(runs: list) -> int:
    wrong = 0
    columns = (Shift.BETTER, Shift.WORSE, Shift.SAME, Shift.NOT_ENOUGH)
    print(f"\n{'server':<16}{'tries':>7}" + "".join(f"{change.value:>12}" for change in columns))
    for level in LEVELS:
        how_many = ALIKE if level == NORMAL else PLANTED
        found = tries(runs, level, how_many)
        print(f"{level:<16}{how_many:>7}" + "".join(f"{found[change]:>12}" for change in columns))
        wrong += level == NORMAL and false_alarms(found) > MOST_FALSE * how_many
        wrong += level in MUST_BE_FOUND and found[Shift.WORSE] < how_many
    print(
        f"\n{RUNS} runs a side, of {len(of_level(runs, NORMAL))} of each server; each {runs[0].seconds:g} s"
    )
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="regressions")
    parser.add_argument("--rounds", type=int, default=40, help="a round has a run of each server")
    parser.add_argument("--seconds", type=float, default=60, help="of a run")
    parser.add_argument("--minutes", type=float, default=0, help="begin no round after so long")
    parser.add_argument(
        "--answers",
        type=Path,
        help="a file that runs are added to; those in it are not played again",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
