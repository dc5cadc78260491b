"""Machines that a load's workers were lent: what others took of them, and quotas that held workers back."""

from typing import Any

import numpy as np
import pytest

from kubedrill.clock import SECOND
from kubedrill.judge import lent
from kubedrill.judge.loads import Load
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.remote import Account, RemoteWorkers
from kubedrill.record.sample import LOAD_DTYPE
from kubedrill.record.schedule import Phase, ScheduledLoad
from kubedrill.record.vitals import GeneratorVitals, WorkersMachine

PHASE = Phase("fault", 100 * SECOND, 110 * SECOND)
ELSEWHERE = "f00d"
NOTHING = dict.fromkeys(
    (
        *("lag_max_us", "rss_bytes", "in_flight", "due", "sent", "dropped", "bytes_in"),
        *("held_back", "descriptors", "descriptors_limit"),
    ),
    0,
)


def line(second: int, own: float, busy: float, throttled: float) -> GeneratorVitals:
    """A line of a worker whose process, and whose machine of four cores, use so many cores."""
    machine = WorkersMachine(
        cores=4,
        busy_s=busy * second,
        steal_s=0.0,
        limit_periods=10 * second,
        limit_throttled=round(10 * throttled * second),
    )
    return GeneratorVitals(
        time=second * SECOND, pid=7, cpu_s=own * second, counts={}, machine=machine, **NOTHING
    )


def said(machines: list[str], own: float, busy: float, throttled: float = 0.0) -> list[str]:
    """Return what is said of workers, each on the machine of that name."""
    workers = RemoteWorkers(len(machines), "127.0.0.1:5557")
    load = ScheduledLoad("list", "mass-list", Arrivals.constant(1), workers=workers)
    lines = [line(second, own, busy, throttled) for second in range(99, 112)]
    accounts = [Account(name=f"w{number}", machine=name) for number, name in enumerate(machines)]
    judged = Load(
        scheduled=load,
        series=(),
        records=np.empty(0, LOAD_DTYPE),
        vitals=dict.fromkeys(load.sample_names, lines),
        dues=np.empty(0, np.int64),
        unrecorded={},
        accounts=tuple(accounts),
    )
    return list(lent.doubts(judged, PHASE))


@pytest.mark.parametrize(
    ("machines", "given", "words"),
    [
        ([ELSEWHERE], {"own": 1.0, "busy": 1.3}, []),
        (
            [ELSEWHERE],
            {"own": 1.0, "busy": 2.0},
            ["others took 25% of the CPU of the machine of w0; 10% may be"],
        ),
        ([ELSEWHERE, ELSEWHERE], {"own": 1.0, "busy": 2.2}, []),  # each other's work is no other's
        (
            [ELSEWHERE, "another"],
            {"own": 1.0, "busy": 2.0},
            [
                "others took 25% of the CPU of the machine of w0; 10% may be",
                "others took 25% of the CPU of the machine of w1; 10% may be",
            ],
        ),
        ([""], {"own": 1.0, "busy": 4.0}, []),  # the drill's own, which is judged itself
        (
            [ELSEWHERE],
            {"own": 1.0, "busy": 1.1, "throttled": 0.5},
            ["a CPU quota held w0 back in 50% of its periods; 10% may be"],
        ),
    ],
)
def test_what_others_take_of_it_is_told(
    machines: list[str], given: dict[str, Any], words: list[str]
) -> None:
    assert said(machines, **given) == [f"load list: {text}" for text in words]
