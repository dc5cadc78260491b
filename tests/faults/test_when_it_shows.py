"""When a fault says that it took effect, and is undone, is when somebody else saw it: within 0.1 s.

That is all the exactness that a phase needs. `-s` shows the table.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fault_clock import Clock, Watch, Ways, all_hold, watching
from json_lines import read_lines

from kubedrill.clock import MILLISECOND
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.breaks,
    pytest.mark.torture,
    pytest.mark.timeout(600),
]

EXACT = 100 * MILLISECOND
SEEN_S = 60
"""For an observer on a busy machine to see it."""


class Timed(NamedTuple):
    """A fault, and what shows its effect and its end."""

    fault: str
    given: dict[str, Any]
    effect: Callable[[Clock, Ways], Watch]
    """What holds while it is in force."""
    well: Callable[[Clock, Ways], list[Watch]]
    """What holds, all of it, when it is undone."""


def ended(target: str) -> Callable[[Clock, Ways], Watch]:
    return lambda clock, ways: clock.watch(f"{target} ended", lambda: ways.ended(target))


def still(target: str) -> Callable[[Clock, Ways], Watch]:
    return lambda clock, ways: clock.watch(
        f"{target} stands still", lambda: ways.stands_still(target)
    )


def says(member: str, line: str) -> Callable[[Clock, Ways], Watch]:
    return lambda clock, ways: clock.watch(line, lambda: ways.gauge(member, line))


def not_reached(zone: str, to: str) -> Callable[[Clock, Ways], Watch]:
    return lambda clock, ways: clock.dialled(ways.cluster, zone, to)


def answers(*targets: str) -> Callable[[Clock, Ways], list[Watch]]:
    def watches(clock: Clock, ways: Ways) -> list[Watch]:
        return [
            clock.watch(f"{target} is well", lambda target=target: ways.well(target))
            for target in targets
        ]

    return watches


def of(fault: str, target: str, effect: Callable[[str], Callable[[Clock, Ways], Watch]]) -> Timed:
    """Return a fault on the component of zone b, or the only one of its kind."""
    given = {} if target == "haproxy" else {"zone": "b"}
    return Timed(fault, given, effect(target), answers(target))


ZONE_C = ("etcd-c", "kube-apiserver-c", "kube-controller-manager-c", "kube-scheduler-c")
TIMED = [
    of("kube-scheduler.kill", "kube-scheduler-b", ended),
    of("kube-scheduler.stop", "kube-scheduler-b", ended),
    of("kube-scheduler.pause", "kube-scheduler-b", still),
    of("kube-controller-manager.kill", "kube-controller-manager-b", ended),
    of("kube-controller-manager.pause", "kube-controller-manager-b", still),
    of("kube-apiserver.kill", "kube-apiserver-b", ended),
    of("kube-apiserver.pause", "kube-apiserver-b", still),
    of("load-balancer.kill", "haproxy", ended),
    of("load-balancer.pause", "haproxy", still),
    Timed(
        "etcd.isolate",
        {"member": "b"},
        says("etcd-b", "etcd_server_has_leader 0"),
        answers("etcd-b"),
    ),
    Timed("zone.partition", {"zone": "c"}, not_reached("a", "c"), answers(*ZONE_C)),
]


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    folder = RunFolder.create(tmp_path, "timed")
    cluster.write(folder.cluster)
    yield folder
    assert undo_open(Ledger(folder.ledger)) == []


def until(watches: list[Watch], holds: bool) -> None:
    deadline = time.monotonic() + SEEN_S
    while not all((change := watch.last()) and change.holds is holds for watch in watches):
        said = [(watch.name, watch.last()) for watch in watches]
        assert time.monotonic() < deadline, f"not {holds} within {SEEN_S} s: {said}"
        time.sleep(0.02)


def told(folder: RunFolder, event: str) -> int:
    [time_of] = [line["time"] for line in read_lines(folder.faults) if line["event"] == event]
    return int(time_of)


def late(folder: RunFolder, event: str, begun: str, watches: list[Watch]) -> tuple[int, int]:
    """Return how much later an event was told than a look began that saw it, and by how much it is wrong, ns.

    Seen: after what begins it, all of it at once for the first time.
    """
    seen = all_hold(watches, told(folder, begun))
    at = told(folder, event)
    return at - seen.time, seen.misses(at)


@pytest.mark.parametrize("timed", [pytest.param(timed, id=timed.fault) for timed in TIMED])
def test_it_is_told_when_it_is_seen(
    cluster: ClusterRecord, folder: RunFolder, timed: Timed
) -> None:
    run = str(folder.path)
    with watching(cluster) as (clock, ways):
        shown, wells = timed.effect(clock, ways), timed.well(clock, ways)
        until([shown], False)
        until(wells, True)
        inject(timed.fault, timed.given, run)
        until([shown], True)
        effect, missed = late(folder, "took-effect", "injecting", [shown])
        undo(timed.fault, run)
        until(wells, True)
        well, missed_back = late(folder, "undone", "undoing", wells)
    lags = ((effect, missed), (well, missed_back))
    words = [f"{lag / MILLISECOND:6.0f} ms ({by / MILLISECOND:.0f} outside)" for lag, by in lags]
    print(f"\n{timed.fault:32} effect {words[0]}   undone {words[1]}")
    assert all(by <= EXACT for _, by in lags), words
