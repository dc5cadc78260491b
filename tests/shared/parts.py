"""`make test` and `make torture`: play all parts of their tests, whatever fails in one,
and add up what became of them.

A part that fails keeps no other from being played. What carries the mark `again` and has failed is tried
once more when nothing else goes on, at most 5 tests in all; whatever else fails has failed.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import leftovers
import outcomes
from each import EACH

from kubedrill.process.kernel import cpu_quota, usable

MOST_AGAIN = 5
LONGEST = 25
"""So many files, and tests, are named with what they took."""
CORES = usable(cpu_quota())
AT_ONCE = os.environ.get("AT_ONCE", str(min(4, max(2, round(2 * CORES)))))
"""So many tests are played side by side: each waits about half of its time; more were never tried."""
CLUSTERS_AT_ONCE = str(max(1, round(CORES)))
"""So many control planes are pressed, and broken, side by side. Half as many more took 27 minutes where these
took 30, on two cores, and each drill is nearer to what it waits for."""
NOTHING_WRONG, TESTS_FAILED = 0, 1
"""Of pytest's exit codes, those whose reasons the outcomes name."""


@dataclass(frozen=True, slots=True)
class Part:
    """Tests that are played by one call of pytest."""

    name: str
    arguments: tuple[str, ...]
    cluster_each: bool = False


def _side_by_side(many: str) -> tuple[str, ...]:
    return ("-n", many, "--dist", "loadfile")


SIDE_BY_SIDE = Part(
    "side by side",
    (
        *("-m", "not alone and not breaks and not own and not faults and not torture"),
        *_side_by_side(AT_ONCE),
        "--no-loadscope-reorder",
    ),
)
ON_CLUSTERS = Part(
    "on clusters",
    (
        *("-m", "(breaks or faults or own) and not alone and not torture"),
        *_side_by_side(CLUSTERS_AT_ONCE),
    ),
    cluster_each=True,
)
ALONE = Part("alone", ("-m", "alone and not torture"))
TORTURE = Part("torture", ("-m", "torture"))
PARTS = {"test": (SIDE_BY_SIDE, ON_CLUSTERS, ALONE), "torture": (TORTURE,)}
"""By what `make` is asked for, one after the other."""


@dataclass(frozen=True, slots=True)
class Played:
    """A part that was played."""

    part: Part
    code: int
    seconds: float
    outcomes: list[outcomes.Outcome]
    left: list[str]
    """What it had started, and was ended after it."""

    def tests(self, outcome: str) -> list[str]:
        """Return the tests of that outcome; one that has failed in any step has failed."""
        named = {step.test for step in self.outcomes if step.outcome == outcome}
        failed = {step.test for step in self.outcomes if step.outcome == "failed"}
        return sorted(named if outcome == "failed" else named - failed)

    @property
    def may_be_again(self) -> list[str]:
        """The tests that have failed, and may be tried again."""
        marked = {step.test for step in self.outcomes if step.again}
        return [test for test in self.tests("failed") if test in marked]

    @property
    def broken(self) -> str:
        """What is wrong with the part as such: empty if it was played to its end."""
        ended = any(step.outcome == outcomes.ENDED for step in self.outcomes)
        named = self.code == TESTS_FAILED and self.tests("failed")
        if ended and (self.code == NOTHING_WRONG or named):
            return ""
        return f"{self.part.name}: pytest ended with {self.code}"


def play(part: Part, folder: Path) -> Played:
    """Play a part to its end."""
    file = folder / part.name.replace(" ", "-")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *part.arguments]
    mark = leftovers.marked(leftovers.PART, _mark(file))
    environment = {**os.environ, outcomes.FILE: str(file), leftovers.PART: mark}
    environment |= {EACH: "1"} if part.cluster_each else {}
    print(f"===== {part.name}", flush=True)
    begin = time.monotonic()
    process = subprocess.Popen(command, env=environment)
    try:
        process.wait()
    except SystemExit:
        process.send_signal(signal.SIGINT)  # as Ctrl-C, which it hears by itself
        process.wait()  # it takes down what it brought up, if it is given the time
        raise
    finally:
        left = leftovers.end(leftovers.PART, _mark(file))
    return Played(part, process.returncode, time.monotonic() - begin, outcomes.read(file), left)


def _mark(file: Path) -> str:
    return f"[{file}]"


def stop(*_: object) -> None:
    """End, when `make` is ended."""
    sys.exit(128 + signal.SIGTERM)


def report(played: list[Played], tried: list[Played], seconds: float) -> bool:
    """Say what became of all parts, and of what was tried again, in so long; return whether all is well."""
    by_themselves = [test for part in tried for test in part.tests("passed")]
    failed = [test for part in played for test in part.tests("failed") if test not in by_themselves]
    broken = [part.broken for part in (*played, *tried) if part.broken]
    reasons = {step.test: step.reason for part in played for step in part.outcomes if step.reason}
    print(f"\n{'':14}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>8}")
    for part in (*played, *tried):
        counts = [len(part.tests(outcome)) for outcome in ("passed", "failed", "skipped")]
        print(
            f"{part.part.name:14}{counts[0]:8}{counts[1]:8}{counts[2]:9}{_minutes(part.seconds):>8}"
        )
    _list("files that took longest", _longest(played, lambda test: test.partition("::")[0]))
    _list("tests that took longest", _longest(played, str))
    _list("skipped", [f"{test}: {reason}" for test, reason in reasons.items()])
    _list(f"passed only when tried again, of at most {MOST_AGAIN}", by_themselves)
    left = [f"{part.part.name}: {words}" for part in (*played, *tried) for words in part.left]
    _list("still ran when its part had ended, and was ended", left)
    _list("failed", failed + broken)
    print(
        f"\n{'FAILED' if failed or broken else 'passed'}: {len(failed) + len(broken)} failed, "
        f"{len(by_themselves)} passed only when tried again, {len(reasons)} skipped, "
        f"{len(left)} left running; in {_minutes(seconds)} on {CORES:g} cores"
    )
    return not failed and not broken


def _longest(played: list[Played], called: Callable[[str], str]) -> list[str]:
    """Return what took longest, as tests are called together, and how long, with all set-up."""
    seconds: Counter[str] = Counter()
    for step in (step for part in played for step in part.outcomes):
        seconds[called(step.test)] += step.seconds
    return [f"{_minutes(took):>6}  {name}" for name, took in seconds.most_common(LONGEST)]


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _list(title: str, lines: list[str]) -> None:
    if lines:
        print(f"\n{title}: {len(lines)}", *lines, sep="\n  ")


def main(asked: str = "test") -> int:
    """Play what is asked for, try again, report; return the exit code."""
    signal.signal(signal.SIGTERM, stop)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        played = [play(part, Path(name)) for part in PARTS[asked]]
        again = [test for part in played for test in part.may_be_again][:MOST_AGAIN]
        tried = [play(Part("again", tuple(again)), Path(name))] if again else []
    return 0 if report(played, tried, time.monotonic() - begin) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
