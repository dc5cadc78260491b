from collections.abc import Sequence
from typing import Any

import pytest

from kubedrill.experiment import WantedFault
from kubedrill.experiment.worst import moments, worst
from kubedrill.record.catalogue import Catalogue, FaultDescription, Lasts
from kubedrill.record.taken import Taken

CATALOGUE = Catalogue(
    faults={
        "etcd.defragment": FaultDescription(
            *("etcd.defragment", "m", "i", "u", ""), {}, (), "", effect_s=10.0
        )
    }
)


def member(*named: str, chosen_later: int = 0, away: int | None = None) -> Taken:
    count = len(named) + chosen_later
    return Taken("member", 3, named, chosen_later, count if away is None else away, 2)


def wanted(begin: float, end: float, lasts: Lasts = "lasting", name: str = "x.y") -> WantedFault:
    return WantedFault(name, {}, "fault", begin, end, lasts)


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (
            member("b"),
            "etcd: 3 members, quorum 2; 1 is away (b): 2 are left, none to spare",
        ),
        (
            member("a", chosen_later=1),
            "etcd: 3 members, quorum 2; 2 are away (a, 1 chosen then): 1 is left, 1 too few",
        ),
        (
            member("a", "b", "c", away=1),
            "etcd: 3 members, quorum 2; 1 is away (a, b, c, 1 at a time): 2 are left, none to spare",
        ),
        (
            Taken("member", 5, ("a",), 0, 1, 3),
            "etcd: 5 members, quorum 3; 1 is away (a): 4 are left, 1 to spare",
        ),
        (
            Taken("apiserver", 3, ("a",), 0, 1, 1),
            "3 apiservers, needed 1; 1 is away (a): 2 are left, 1 to spare",
        ),
        (
            Taken("member", 3, ("c",), 0, 1, 2, ("a from b",), 1),
            "etcd: 3 members, quorum 2; 1 is away (c); cut: a from b: 1 is left, 1 too few",
        ),
        (
            Taken("member", 3, (), 0, 0, 2, ("a from b",)),
            "etcd: 3 members, quorum 2; cut: a from b: 3 are left that reach each other, 1 to spare",
        ),
        (Taken("zone", 3, ("a", "b"), 0, 2), "3 zones; 2 are away (a, b): 1 is left"),
        (Taken("node", 0, ("n-1",), 0, 1), "node: 1 is away (n-1)"),
    ],
)
def test_it_is_said_how_many_are_left_and_how_many_to_spare(taken: Taken, words: str) -> None:
    assert taken.words() == words


@pytest.mark.parametrize(
    ("faults", "spans"),
    [
        ([wanted(10, 30)], [(10, 30, (1,))]),
        ([wanted(10, 30), wanted(20, 40)], [(10, 20, (1,)), (20, 30, (1, 2)), (30, 40, (2,))]),
        ([wanted(10, 20), wanted(20, 30)], [(10, 20, (1,)), (20, 30, (2,))]),
        ([wanted(10, 20), wanted(30, 40)], [(10, 20, (1,)), (30, 40, (2,))]),
        ([wanted(10, 20, "irreversible")], [(10, 100, (1,))]),
        ([wanted(10, 60, "momentary", "etcd.defragment")], [(10, 20, (1,))]),
    ],
    ids=["alone", "overlap", "one after the other", "apart", "irreversible", "momentary"],
)
def test_when_which_faults_are_in_force(faults: list[WantedFault], spans: list[Any]) -> None:
    found = moments(faults, lambda _: [member("a")], CATALOGUE, 100.0)
    assert [(each.begin_s, each.end_s, each.faults) for each in found] == spans


def test_the_worst_is_the_moment_with_the_fewest_left() -> None:
    faults = [wanted(10, 30), wanted(20, 40)]
    zone = Taken("zone", 3, ("a",), 0, 1)

    def takes(there: Sequence[WantedFault]) -> list[Taken]:
        return [member(*"ab"[: len(there)]), *[zone] * (faults[0] in there)]

    found = worst(moments(faults, takes, CATALOGUE, 100.0))
    assert found == (member("a", "b"), zone)
