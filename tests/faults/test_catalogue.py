"""What is refused before anything is started."""

from typing import Any

import pytest

from kubedrill.faults.catalogue import faults, gather
from kubedrill.faults.overlap import refusal
from kubedrill.record.catalogue import ClusterDescription

ZONES = ("a", "b", "c")
CAN = ("holding etcd",)


def refused(can: tuple[str, ...], zones: tuple[str, ...], **given: Any) -> str:
    return refusal(faults()["etcd.kill"].model_validate(given), ClusterDescription(zones, can))


@pytest.mark.parametrize("member", ["leader", "random", "a", ["a"]])
def test_one_of_three_may_be_killed(member: Any) -> None:
    assert refused(CAN, ZONES, member=member) == ""


def test_two_of_three_may_be_killed_where_the_file_says_so() -> None:
    assert refused(CAN, ZONES, member=["a", "b"], allow_quorum_loss=True) == ""


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
    assert message in refused(CAN, zones, member=member)


def test_a_missing_capability_is_named() -> None:
    said = refused(("cutting link",), ZONES, member="a")
    why = "its provider does not offer that"
    assert (
        said
        == f"etcd.kill needs the capability holding etcd ({why}); this cluster has: cutting link"
    )


def test_a_description_names_the_functions_that_a_chaos_toolkit_file_may_call() -> None:
    [kill] = [
        description for description in gather().descriptions if description.name == "etcd.kill"
    ]
    assert (kill.module, kill.inject, kill.undo) == ("kubedrill.faults.etcd", "kill", "restore")
    assert kill.doc == "Kill an etcd member with SIGKILL and keep it down until the phase ends."
