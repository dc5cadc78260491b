"""What is refused before anything is started."""

from typing import Any

import pytest

from kubedrill.errors import NotStarted
from kubedrill.faults.catalogue import precheck

ZONES = ("a", "b", "c")
CAN = ("KillEtcdMember",)


@pytest.mark.parametrize("member", ["leader", "random", "a", ["a"]])
def test_one_of_three_may_be_killed(member: Any) -> None:
    precheck([("etcd.kill", {"member": member})], CAN, ZONES)


def test_two_of_three_may_be_killed_where_the_file_says_so() -> None:
    precheck([("etcd.kill", {"member": ["a", "b"], "allow_quorum_loss": True})], CAN, ZONES)


@pytest.mark.parametrize(
    ("member", "zones", "message"),
    [
        (["a", "b"], ZONES, "would leave 1 of 3 members, and quorum needs 2"),
        ("leader", ("a",), "would leave 0 of 1 members, and quorum needs 1"),
        ("d", ZONES, 'no member "d"; known: leader, random, a, b, c'),
        (["leader"], ZONES, 'no member "leader"; known: a, b, c'),
        ([], ZONES, "no member is named, so nothing would be killed"),
        (["a", "a"], ZONES, "a member is named twice: a, a"),
    ],
)
def test_what_is_refused(member: Any, zones: tuple[str, ...], message: str) -> None:
    with pytest.raises(NotStarted) as refused:
        precheck([("etcd.kill", {"member": member})], CAN, zones)
    assert message in str(refused.value)


def test_a_missing_capability_is_named() -> None:
    with pytest.raises(NotStarted) as refused:
        precheck([("etcd.kill", {"member": "a"})], ("LoseZone",), ZONES)
    assert str(refused.value) == (
        "etcd.kill needs the capability KillEtcdMember; this cluster has: LoseZone"
    )


def test_actions_of_other_extensions_are_not_looked_into() -> None:
    precheck([("activity", {"activity": {"name": "x"}})], (), ZONES)
