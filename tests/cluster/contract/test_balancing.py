"""The contract: where the load balancer sends requests."""

import socket
from collections.abc import Callable

import pytest

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import Absent, Handle, HandleError
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]


def test_what_is_taken_out_from_behind_the_balancer_is_put_back(
    record: ClusterRecord, handle: Handle, until: Until
):
    balancing = handle.balancing
    if isinstance(balancing, Absent):
        return
    zone = record.zones[-1]
    try:
        balancing.take_out(zone)
        until(lambda: zone not in balancing.served())
        assert balancing.served() == record.zones[:-1]
    finally:
        balancing.put_back(zone)
    until(lambda: balancing.served() == record.zones)
    balancing.put_back(zone)
    end = now() + 2 * SECOND
    balancing.take_out(zone, until=end)
    until(lambda: balancing.served() == record.zones)
    assert now() >= end
    with pytest.raises(HandleError):
        balancing.take_out("nowhere")


def test_connections_to_one_zone_are_cut_and_others_are_not(
    record: ClusterRecord, handle: Handle, until: Until
):
    balancing = handle.balancing
    if isinstance(balancing, Absent):
        return
    balancer = (record.balancer.host, record.balancer.port)
    held = [socket.create_connection(balancer) for _ in range(2 * len(record.zones))]
    own = {"{}:{}".format(*connection.getsockname()) for connection in held}

    def known() -> dict[str, set[str]]:
        return {zone: own & {*balancing.connections(zone)} for zone in record.zones}

    until(lambda: set().union(*known().values()) == own)
    before, (zone, *others) = known(), record.zones
    balancing.cut(zone)
    assert before[zone]
    until(lambda: not known()[zone])
    assert [known()[other] for other in others] == [before[other] for other in others]
    for connection in held:
        connection.close()
