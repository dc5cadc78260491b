"""The contract: what may use no more than a quota, until that is lifted."""

from collections.abc import Callable

import pytest

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import LIMITED, Absent, Handle, HandleError, Quota
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]

QUOTAS = {
    "cpu": Quota(cpus=0.5),
    "memory": Quota(memory_bytes=2**30),
    "disk": Quota(disk_bytes_per_s=10**7, disk_writes_per_s=100),
}


def test_what_is_limited_stays_so_until_it_is_lifted(
    record: ClusterRecord, handle: Handle, until: Until
):
    limiting = handle.limiting
    if isinstance(limiting, Absent):
        return
    assert set(limiting.of) | set(limiting.lacks) == set(LIMITED)
    target = record.of_kind("kube-scheduler")[-1].name
    for resource in limiting.of:
        quota = QUOTAS[resource]
        try:
            limiting.limit(target, quota)
            assert set(limiting.strain(target).limited) == {resource}
            with pytest.raises(HandleError):
                limiting.limit(target, quota)
            if not isinstance(handle.holding, Absent):
                until(lambda: handle.components()[target].state == "running")
                handle.holding.hold(target)
                handle.holding.release(target)
            assert set(limiting.strain(target).limited) == {resource}
        finally:
            limiting.lift(target, quota)
        limiting.lift(target, quota)
        assert limiting.strain(target).limited == {}
        end = now() + SECOND
        limiting.limit(target, quota, until=end)
        until(lambda: limiting.strain(target).limited == {})
        assert now() >= end
    with pytest.raises(HandleError):
        limiting.limit("nobody", QUOTAS["cpu"])
