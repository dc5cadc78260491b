"""Suite: what must be so before a drill begins, looked at again and again for as long as it is waited for."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kubedrill.process.running import NotRun, run
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.signals import Signals
from kubedrill.suite.budget import overspent
from kubedrill.suite.health import labelled, unwell
from kubedrill.suite.read import WantedDrill
from kubedrill.suite.schema import GatesPart

LOOK_S = 5.0
"""Between two looks at gates that are closed."""
COMMAND_S = 60.0
"""What the command of a gate may take; one that takes longer does not let anything begin."""
_MOMENT_S = 0.25


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Looks at the gates of a suite's drills."""

    reports: Path
    """The folder whose runs have spent of the budget."""
    signals: Signals
    say: Callable[[str], object]

    def closed(self, drill: WantedDrill) -> tuple[str, ...]:
        """Return why a drill may not begin, after it was waited for; nothing if it may.

        Interrupted as soon as a signal has come.
        """
        until = time.monotonic() + drill.gates.wait
        told: tuple[str, ...] = ()
        while found := tuple(self._look(drill)):
            left = until - time.monotonic()
            if left <= 0:
                return found
            if found != told:
                self.say(f"{drill.name} waits, {left:.0f} s at most: {'; '.join(found)}")
                told = found
            self._pause(min(left, LOOK_S))
        self.signals.check()
        return ()

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.signals.check()
            time.sleep(min(left, _MOMENT_S))
        self.signals.check()

    def _look(self, drill: WantedDrill) -> Iterator[str]:
        """Yield why gates are closed now; commands are run only where all else is open."""
        gates, now = drill.gates, datetime.now(UTC)
        found = [*_not_now(gates, now)]
        for name, described in drill.clusters.items():
            found += self._of_cluster(gates, name, described, now)
        yield from found
        for name, words in gates.commands.items() if not found else ():
            self.signals.check()
            if why := _refused(words):
                yield f"{name}: {why}"

    def _of_cluster(
        self, gates: GatesPart, name: str, described: ClusterDescription | None, now: datetime
    ) -> Iterator[str]:
        """Yield why gates are closed for a cluster; one that is not well is asked nothing more."""
        if gates.budget and (why := overspent(gates.budget, name, self.reports, now)):
            yield why
        why = unwell(name, described) if gates.healthy else ""
        if not why and gates.not_labelled:
            why = labelled(gates.not_labelled, name, described)
        if why:
            yield f"cluster {name}: {why}"


def _not_now(gates: GatesPart, now: datetime) -> Iterator[str]:
    if gates.windows and not any(window.ends(now) for window in gates.windows):
        words = "; ".join(window.in_words() for window in gates.windows)
        yield f"it is {now:%a %H:%M} UTC, and drills begin only: {words}"


def _refused(words: tuple[str, ...]) -> str:
    """Return why a command lets nothing begin; "" if it does."""
    try:
        return run(words, COMMAND_S).why_failed()
    except NotRun as error:
        return str(error)
