"""What nodes bear, and when those that do not are repaired."""

from collections import Counter
from typing import Any

import pytest

from kubedrill.clock import SECOND, now
from kubedrill.fleet.repairing import Repairing
from kubedrill.fleet.simulated import Endurance
from kubedrill.record.fleet import Overload, Repair, Workload
from kubedrill.seed.workload import deployment

OVERLOAD = Overload(uses=2.0, after_s=20.0, restarts_s=60.0)


def hangs_from(
    endurance: Endurance, requested: float, begin: int = 0, seconds: int = 200
) -> int | None:
    """Return from which second on a node hangs that has so much to do; None if it never does."""
    times = range(begin, begin + seconds)
    return next((at for at in times if endurance.hangs(requested, at * SECOND)), None)


def test_a_node_bears_what_there_is_and_hangs_after_a_while_with_more() -> None:
    assert hangs_from(Endurance("n", OVERLOAD), 2.0) is None
    times = [hangs_from(Endurance(f"n-{number}", OVERLOAD), 2.1) for number in range(99)]
    borne = sorted(time for time in times if time is not None)
    assert len(borne) == 99
    assert 17 <= borne[49] <= 24
    assert len({*borne}) > 10
    assert times == [hangs_from(Endurance(f"n-{number}", OVERLOAD), 2.1) for number in range(99)]


def test_it_hangs_until_it_is_restarted_whatever_it_has_to_do() -> None:
    endurance = Endurance("n", OVERLOAD)
    begin = hangs_from(endurance, 3.0)
    assert begin is not None
    assert all(endurance.hangs(0.0, (begin + more) * SECOND) for more in range(60))
    assert not endurance.hangs(0.0, (begin + 60) * SECOND)
    again = hangs_from(endurance, 3.0, begin + 61)
    assert again is not None
    assert again > begin + 65, "it bears as much again"
    endurance.relieve()
    assert not endurance.hangs(3.0, again * SECOND)


def test_who_has_less_to_do_in_time_does_not_hang() -> None:
    endurance = Endurance("n", OVERLOAD)
    for second in range(0, 400, 2):
        assert not endurance.hangs(3.0 if second % 10 else 1.0, second * SECOND)


def node(name: str, ready: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def repaired(repairing: Repairing, seconds: range) -> list[tuple[int, str]]:
    begun = now()
    return [(second, name) for second in seconds for name in repairing.due(begun + second * SECOND)]


def test_those_that_are_not_ready_for_long_are_repaired_in_turn() -> None:
    repairing = Repairing(Repair(after_s=10.0, per_s=0.5), share=0.5)
    for name, ready in (("n-1", "Unknown"), ("n-2", "False"), ("n-3", "True"), ("n-4", "False")):
        repairing.put(node(name, ready))
    repairing.put(node("n-2", "Unknown"))
    repairing.put(node("n-4", "True"))
    # One each 4 s: half of the zones' one each 2 s. Who is not Ready then waits anew.
    assert repaired(repairing, range(17)) == [(10, "n-1"), (14, "n-2")]


def test_several_are_repaired_at_a_look_where_the_rate_is_higher_than_looks_are() -> None:
    repairing = Repairing(Repair(after_s=10.0, per_s=4.0), share=1.0)
    for number in range(10):
        repairing.put(node(f"n-{number}", "False"))
    many = Counter(second for second, _ in repaired(repairing, range(20)))
    assert many == {10: 1, 11: 4, 12: 4, 13: 1}


@pytest.mark.parametrize("how", ["ready", "gone", "not found"])
def test_who_is_well_or_gone_is_not_repaired(how: str) -> None:
    repairing = Repairing(Repair(after_s=10.0), share=1.0)
    repairing.put(node("n-1", "False"))
    if how == "ready":
        repairing.put(node("n-1", "True"))
    elif how == "gone":
        repairing.gone(node("n-1", "False"))
    else:
        repairing.begin()
        repairing.all_found()
    assert repaired(repairing, range(60)) == []


@pytest.mark.parametrize(
    ("shape", "cpu", "stays"),
    [(Workload(), "3000m", None), (Workload(8, 10.0), "375m", [10, 10])],
)
def test_pods_that_wait_for_nodes_are_as_large_as_is_asked(
    shape: Workload, cpu: str, stays: list[int] | None
) -> None:
    spec = deployment("r", 3, shape)["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"]["requests"]["cpu"] == cpu
    tolerated = spec.get("tolerations")
    assert (tolerated and [each["tolerationSeconds"] for each in tolerated]) == stays
