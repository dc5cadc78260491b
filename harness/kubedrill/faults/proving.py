"""Faults: waiting for a proof, that an effect shows or that all is as before."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import Handle, HandleError
from kubedrill.faults.attempting import in_words
from kubedrill.faults.fault import Seen, missing
from kubedrill.faults.progress import POLL_S, FaultFailed, Progress, is_ending
from kubedrill.words import in_a_line


class Look(NamedTuple):
    """When somebody looked, monotonic ns."""

    begun: int
    ended: int


def effect_proven(look: Callable[[], Seen], limit_s: float, progress: Progress) -> tuple[str, Look]:
    """Wait for the proof of an effect, and return it with the time it took, and the look that has it.

    FaultFailed says what was waited for. Once the drill is to end, nobody needs the proof any more: what
    was done is to be undone at once.
    """
    begun = now()
    for seen, shown in _looks(lambda: _effect(look, progress)):
        if seen.proven:
            return _in_words(seen, begun, shown), shown
        if is_ending(progress.folder):
            raise FaultFailed(f"{progress.fault}: the drill was ended before this: {seen.words}")
        if (shown.ended - begun) / SECOND >= limit_s:
            raise progress.fail(f"after {limit_s:g} s {seen.words}")
    raise AssertionError("it looks for ever")


def undo_proven(
    look: Callable[[], Seen], begun: int, limit_s: float, progress: Progress, handle: Handle
) -> tuple[str, Look]:
    """Wait for the proof that what began to be undone then is undone; as of an effect.

    Whatever goes wrong while it is looked, it is looked again until the time is over. FaultFailed says of
    whom what was waited for, and the last line of each one's log.
    """
    for seen, shown in _looks(lambda: _end(look, progress)):
        if seen.proven:
            return _in_words(seen, begun, shown), shown
        if (shown.ended - begun) / SECOND >= limit_s:
            logs = _last_lines(handle, seen.targets)
            raise progress.fail(f"after {limit_s:g} s {seen.words}{logs}")
    raise AssertionError("it looks for ever")


def _looks(look: Callable[[], Seen]) -> Iterator[tuple[Seen, Look]]:
    while True:
        begun = now()
        yield look(), Look(begun, now())
        time.sleep(POLL_S)


def _effect(look: Callable[[], Seen], progress: Progress) -> Seen:
    """Look once; a cluster that does not answer just now is asked again."""
    try:
        return look()
    except HandleError as error:
        return missing(str(error))
    except Exception as error:
        raise progress.fail(in_a_line(error)) from error


def _end(look: Callable[[], Seen], progress: Progress) -> Seen:
    """Look once; the undo of a fault whose own code fails just now is given all of its time, too."""
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - a fault may be somebody else's code
        return missing(in_words(error), *progress.targets)


def _in_words(seen: Seen, begun: int, shown: Look) -> str:
    return f"{seen.words} ({(shown.ended - begun) / SECOND:.2f} s later)"


def _last_lines(handle: Handle, targets: Sequence[str]) -> str:
    lines = ((target, handle.last_line(target)) for target in targets)
    return "".join(f"; last line of {target}'s log: {line}" for target, line in lines if line)
