"""Judge: whether the machines of a load's workers were theirs; what the drill's own rules say of those.

Machines of workers that are the drill's own are judged with that.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from kubedrill.clock import SECOND
from kubedrill.judge.loads import Load
from kubedrill.judge.machine import OTHERS_SHARE, THROTTLED_SHARE
from kubedrill.judge.vitals import edges
from kubedrill.record.schedule import Phase
from kubedrill.record.vitals import GeneratorVitals, WorkersMachine

Edges = tuple[GeneratorVitals, GeneratorVitals]
"""What a worker said where a phase begins, and where it ends."""


def doubts(load: Load, phase: Phase) -> Iterator[str]:
    """Yield whose machine others used in a phase, and who was held back by a quota of its own."""
    together: dict[str, list[tuple[str, Edges]]] = defaultdict(list)
    for name, account in zip(load.scheduled.sample_names, load.accounts, strict=False):
        if account.machine:
            for start, end in edges({name: load.vitals[name]}, phase):
                if start is not None:
                    together[account.machine].append((account.name, (start, end)))
    for workers in together.values():
        yield from (f"load {load.scheduled.name}: {words}" for words in _doubts(workers))


def _doubts(workers: Sequence[tuple[str, Edges]]) -> Iterator[str]:
    names = " and ".join(name for name, _ in workers)
    others = _others([said for _, said in workers])
    if others > OTHERS_SHARE:
        words = f"others took {others:.0%} of the CPU of the machine of {names}"
        yield f"{words}; {OTHERS_SHARE:.0%} may be"
    for name, (start, end) in workers:
        throttled = _throttled(start.machine, end.machine)
        if throttled > THROTTLED_SHARE:
            words = f"a CPU quota held {name} back in {throttled:.0%} of its periods"
            yield f"{words}; {THROTTLED_SHARE:.0%} may be"


def _others(workers: Sequence[Edges]) -> float:
    """Return the share of a machine's CPU that none of the workers on it used, steal included."""
    (start, end), own = workers[0], sum(end.cpu_s - start.cpu_s for start, end in workers)
    before, after = start.machine, end.machine
    if before is None or after is None:
        return 0.0
    had = after.cores * (end.time - start.time) / SECOND
    used = after.busy_s - before.busy_s + after.steal_s - before.steal_s
    return (used - own) / had if had > 0 else 0.0


def _throttled(before: WorkersMachine | None, after: WorkersMachine | None) -> float:
    if before is None or after is None or after.limit_periods == before.limit_periods:
        return 0.0
    held = after.limit_throttled - before.limit_throttled
    return held / (after.limit_periods - before.limit_periods)
