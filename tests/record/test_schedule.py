import dataclasses
import json
from pathlib import Path

import pytest

from kubedrill.clock import ClockPair
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.schedule import (
    Phase,
    Probing,
    Schedule,
    ScheduledFault,
    ScheduledLoad,
    ScheduledObjective,
    Scraping,
)

FULL = Schedule(
    experiment="etcd-member-kill",
    run="20260131T120000Z",
    title="t",
    why="w",
    claim=13,
    cluster="local-3az",
    clock=ClockPair(5, 6, "boot"),
    phases=(Phase("baseline", 100, 200), Phase("fault", 200, 300)),
    loads=(ScheduledLoad("list", "mass-list", Arrivals.constant(10.0), {"resource": "pods"}),),
    faults=(ScheduledFault("etcd.kill", {"member": "leader"}, "fault", 200, 300),),
    objectives=(ScheduledObjective("fault", "list.p99 < 1s", 12),),
    abort=("availability < 50% for 30s",),
    probing=Probing(deadline=2.0),
    scraping=Scraping(etcd=3.0),
)


def test_it_goes_through_a_file_and_through_go_unchanged(tmp_path: Path) -> None:
    FULL.write(tmp_path / "schedule.json")
    assert Schedule.read(tmp_path / "schedule.json") == FULL
    assert Schedule.from_dict(json.loads(json.dumps(FULL.as_dict()))) == FULL


def test_parts_of_the_experiment_file_are_kept_as_bare_numbers() -> None:
    plain = FULL.as_dict()
    usual = {"fresh": 10.0, "kept": 5.0, "apiserver": 2.0, "victim": 2.0, "stale": 2.0}
    rates = {f"{name}_rate": rate for name, rate in usual.items()}
    assert plain["probing"] == {"deadline_s": 2.0, **rates, "break_glass_rate": 1.0}
    assert plain["scraping"] == {
        "apiserver_s": 10.0,
        "etcd_s": 3.0,
        "controllers_s": 10.0,
        "resources_s": 1.0,
    }
    # Earlier versions did not know of break-glass: their files are as they were.
    assert FULL.probing.written() == {
        "deadline": "2s",
        "rates": {name: f"{rate:g}/s" for name, rate in usual.items()},
    }


@pytest.mark.parametrize(
    "wrong",
    [{"deadline": 1.0}, {"deadline_s": "1s"}, {"deadline_s": -1.0}, {"fresh_rate": None}, 5],
)
def test_a_part_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="probing"):
        Schedule.from_dict(FULL.as_dict() | {"probing": wrong})


def test_what_ran_out_of_todays_bounds_is_read_as_it_was() -> None:
    plain = FULL.as_dict() | {"probing": {"deadline_s": 0.0, "fresh_rate": 0.0}}
    probing = Schedule.from_dict(plain).probing
    assert (probing.deadline, probing.rates.fresh, probing.rates.kept) == (0.0, 0.0, 5.0)


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 99, need 1"):
        Schedule.from_dict(FULL.as_dict() | {"schema_version": 99})


@pytest.mark.parametrize(
    ("time", "phase"),
    [(99, None), (100, "baseline"), (199, "baseline"), (200, "fault"), (299, "fault"), (300, None)],
)
def test_a_phase_holds_its_start_and_not_its_end(time: int, phase: str | None) -> None:
    found = FULL.phase_at(time)
    assert (found.name if found else None) == phase


def test_phases_by_name() -> None:
    assert FULL.phase("fault") == Phase("fault", 200, 300)
    assert (FULL.start, FULL.end) == (100, 300)
    with pytest.raises(KeyError):
        FULL.phase("recovery")


def test_it_never_moves() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.phases = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("phases", "windows"),
    [
        ((), [(0, 40)]),
        (("a", "b"), [(0, 20)]),
        (("b", "d"), [(10, 20), (30, 40)]),
        (("d", "c", "a"), [(0, 10), (20, 40)]),
    ],
)
def test_when_a_load_presses(phases: tuple[str, ...], windows: list[tuple[int, int]]) -> None:
    four = tuple(Phase(name, 10 * n, 10 * n + 10) for n, name in enumerate("abcd"))
    schedule = dataclasses.replace(FULL, phases=four)
    load = ScheduledLoad("list", "mass-list", Arrivals.constant(1.0), phases=phases)
    assert schedule.windows(load) == windows
