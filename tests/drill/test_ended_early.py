"""A drill with a cluster of its own that is ended by any signal leaves nothing behind, and says so."""

import signal
import time
from pathlib import Path

import pytest
from drills import Drills
from ended import (
    LEADER_KILLED,
    ONE_ZONE,
    PAIRS,
    at_once,
    check_judged,
    check_samples,
    wait_until_cleared,
)

from kubedrill.clock import now
from kubedrill.cluster import cluster_folder
from kubedrill.cluster.local.zones import namespace_prefix

pytestmark = [pytest.mark.cluster, pytest.mark.own]


def left_namespaces(state: Path) -> list[str]:
    """Return the network namespaces of the drill's cluster."""
    folders = [cluster_folder(name, state) for name in ("local-3az", "one-zone")]
    prefixes = tuple(namespace_prefix(folder) for folder in folders)
    return sorted(
        path.name for path in Path("/run/netns").glob("*") if path.name.startswith(prefixes)
    )


@pytest.mark.parametrize(
    ("signals", "phase"),
    [
        (PAIRS[0], "set-up"),
        pytest.param(PAIRS[1], "set-up", marks=pytest.mark.torture),
        pytest.param(PAIRS[0], "fault", marks=pytest.mark.torture),
        (PAIRS[1], "recovery"),
    ],
)
def test_nothing_is_left(
    signals: tuple[signal.Signals, ...], phase: str, drill: Drills, tmp_path: Path
) -> None:
    """Two drills at a time, each with a cluster of its own."""
    at_once(end, ((drill, case, phase, tmp_path / case.name) for case in signals))


def end(drill: Drills, number: signal.Signals, phase: str, state: Path) -> None:
    if phase == "set-up":
        end_in_set_up(drill, number, state)
    else:
        end_in_phase(drill, number, phase, state)


def end_in_set_up(drill: Drills, number: signal.Signals, state: Path) -> None:
    running = drill(f"ended-{number.name.lower()}", LEADER_KILLED, state=state)
    running.wait_for("a network namespace", lambda: left_namespaces(state))
    time.sleep(0.5)
    running.process.send_signal(number)
    wait_until_cleared(running)
    assert left_namespaces(state) == []
    check_judged(running, number)


def end_in_phase(drill: Drills, number: signal.Signals, phase: str, state: Path) -> None:
    running = drill(f"ended-{number.name.lower()}", ONE_ZONE, state=state)
    running.wait_for_phase(phase)
    time.sleep(0.5)
    signalled = now()
    running.process.send_signal(number)
    if number == signal.SIGINT:  # a second Ctrl-C, and a third, do not break the clean-up
        for _ in range(2):
            time.sleep(0.3)
            running.process.send_signal(number)
    wait_until_cleared(running)
    assert left_namespaces(state) == []
    check_samples(running, signalled)
    check_judged(running, number)
