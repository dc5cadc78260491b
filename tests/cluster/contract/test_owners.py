"""The contract: what is done for several owners to one target; the first undo does not lift the second."""

from collections.abc import Callable

import pytest
from every_provider import came_back, of_kind

from kubedrill.cluster.handle import Absent, Handle, HandleError, Link, Quota, Shape
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]


@pytest.fixture
def owner(record: ClusterRecord) -> Handle:
    return handle_of(record, "one")


@pytest.fixture
def other(record: ClusterRecord) -> Handle:
    return handle_of(record, "other")


def test_of_two_pauses_each_lets_go_its_own(
    record: ClusterRecord, handle: Handle, owner: Handle, other: Handle
):
    if isinstance(owner.pausing, Absent) or isinstance(other.pausing, Absent):
        return  # said why, above
    target = of_kind(record, owner.pausing.of)
    try:
        pid = owner.pausing.pause(target)
        assert other.pausing.pause(target, expect_pid=pid) == pid
        since = handle.components()[target].holds["other"]
        assert owner.pausing.proceed(target) == pid
        assert handle.components()[target].state == "paused"
        assert handle.components()[target].holds == {"other": since}
        assert (owner.in_force(), len(other.in_force())) == ((), 1)
        other.pausing.proceed(target)
        assert handle.components()[target].state == "running"
        assert handle.in_force() == ()
    finally:
        handle.pausing.proceed(target)


@pytest.mark.parametrize("first", ["pause", "kill"])
def test_of_a_pause_and_a_kill_each_lets_go_its_own(
    record: ClusterRecord, handle: Handle, owner: Handle, other: Handle, first: str, *, until: Until
):
    if isinstance(owner.pausing, Absent) or isinstance(other.holding, Absent):
        return
    target = of_kind(record, owner.pausing.of)
    try:
        pid = owner.pausing.pause(target)
        since = handle.components()[target].holds["one"]
        assert other.holding.hold(target, expect_pid=pid) == pid
        assert handle.components()[target].state == "held"
        if first == "pause":
            assert owner.pausing.proceed(target) is None
            assert handle.components()[target].state == "held"
            came_back(handle, until, target, other.holding.release(target))
        else:
            came_back(handle, until, target, other.holding.release(target), "paused")
            assert handle.components()[target].holds == {"one": since}
            owner.pausing.proceed(target)
        assert handle.components()[target].state == "running"
        assert (owner.in_force(), other.in_force()) == ((), ())
    finally:
        handle.holding.release(target)
        handle.pausing.proceed(target)


def test_what_is_held_for_two_is_down_until_both_let_it_go(
    record: ClusterRecord, handle: Handle, owner: Handle, other: Handle, until: Until
):
    if isinstance(owner.holding, Absent) or isinstance(other.holding, Absent):
        return
    target = of_kind(record, owner.holding.of)
    try:
        pid = owner.holding.stop(target)
        try:
            other.holding.hold(target, expect_pid=pid)
        except HandleError:  # it had ended already: nothing is left to kill
            assert came_back(handle, until, target, owner.holding.release(target)) != pid
        else:
            assert owner.holding.release(target) is None
            assert handle.components()[target].state == "held"
            assert came_back(handle, until, target, other.holding.release(target)) != pid
        assert handle.components()[target].state == "running"
    finally:
        handle.holding.release(target)


QUOTAS = {
    "cpu": (Quota(cpus=0.5), Quota(cpus=0.3)),
    "memory": (Quota(memory_bytes=2**30), Quota(memory_bytes=2**29)),
    "disk": (Quota(disk_writes_per_s=200), Quota(disk_writes_per_s=100)),
}


def test_of_two_quotas_the_least_holds_and_each_is_lifted_by_itself(
    record: ClusterRecord, owner: Handle, other: Handle
):
    if isinstance(owner.limiting, Absent) or isinstance(other.limiting, Absent):
        return
    target = record.of_kind("kube-scheduler")[-1].name
    for resource in owner.limiting.of:
        much, little = QUOTAS[resource]
        try:
            owner.limiting.limit(target, much)
            with pytest.raises(HandleError, match="limited already"):
                other.limiting.limit(target, much)
            other.limiting.limit(target, little)
            since = dict(other.limiting.strain(target).limited)
            owner.limiting.lift(target, much)
            assert owner.limiting.strain(target).limited == {}
            assert other.limiting.strain(target).limited == since
            assert other.in_force() == (f"the {resource} of {target} is limited",)
        finally:
            owner.limiting.lift(target, much)
            other.limiting.lift(target, little)
        assert (owner.in_force(), other.in_force()) == ((), ())


def test_a_link_that_is_cut_for_two_is_mended_when_both_mend_it(
    owner: Handle, other: Handle, until: Until
):
    link = Link("a")
    if isinstance(owner.cutting, Absent) or isinstance(other.cutting, Absent):
        return
    try:
        owner.cutting.cut(link)
        until(lambda: owner.cutting.dropped(link))
        other.cutting.cut(link)
        until(lambda: other.cutting.dropped(link))
        owner.cutting.mend(link)
        assert owner.cutting.dropped(link) is None
        before = other.cutting.dropped(link)
        until(lambda: other.cutting.dropped(link) > before)
    finally:
        owner.cutting.mend(link)
        other.cutting.mend(link)
    assert other.cutting.dropped(link) is None


def test_a_link_that_is_slow_for_two_is_as_slow_as_the_slower_one(
    handle: Handle, owner: Handle, other: Handle
):
    link = Link("a")
    if isinstance(owner.shaping, Absent) or isinstance(other.shaping, Absent):
        return
    if "bandwidth" not in owner.shaping.of:
        return  # said why, as of each that is lacking
    slow, slower = Shape(bits_per_s=80_000_000), Shape(bits_per_s=40_000_000)
    try:
        owner.shaping.shape(link, slow)
        with pytest.raises(HandleError, match="already"):
            other.shaping.shape(link, slow)
        other.shaping.shape(link, slower)
        owner.shaping.straighten(link)
        assert other.shaping.shaped(link).of == ("bandwidth",)
        assert (owner.in_force(), len(other.in_force())) == ((), 1)
    finally:
        owner.shaping.straighten(link)
        other.shaping.straighten(link)
    assert handle.shaping.shaped(link) is None
