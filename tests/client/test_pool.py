"""How long who wants a connection waits for one."""

import pytest
from behaving_server import SERVER_NAME

from kubedrill.client.greenlets.pool import HeldTimes, Pool
from kubedrill.client.targets import Targets
from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.record.cluster import Endpoint
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import Target, client_tls


def test_who_gets_no_connection_in_time_is_held_back(server, certificate):
    tls, held = client_tls(str(certificate.certificate)), HeldTimes()
    target = Target(Endpoint("127.0.0.1", server.port), SERVER_NAME, tls)
    pool = Pool(target, Targets(), held, most=1)
    connection = pool.take(now() + 10 * SECOND)
    assert not held
    begun = now()
    with pytest.raises(WireError) as none:
        pool.take(now() + 50 * MILLISECOND)
    assert none.value.outcome == Outcome.NO_CONNECTION
    assert 50 * MILLISECOND <= held.take() <= now() - begun
    assert not held
    pool.give(connection)
    assert pool.take(now() + SECOND) is connection
    connection.close()


def test_those_kept_in_turn_are_all_used_and_no_more_are_kept(server, certificate):
    tls = client_tls(str(certificate.certificate))
    target = Target(Endpoint("127.0.0.1", server.port), SERVER_NAME, tls)
    pool = Pool(target, Targets(), HeldTimes(), in_turn=2)
    later = now() + 30 * SECOND
    pool.warm_up(later)
    first = pool.take(later)
    pool.give(first)
    second = pool.take(later)
    assert second is not first
    third = pool.take(later)
    assert third is first
    fourth = pool.take(later)  # both are in use
    for connection in (second, third, fourth):
        pool.give(connection)
    assert fourth.closed
    assert [pool.take(later) for _ in range(2)] == [second, third]
    # The two that are kept and the one that was not were opened, and what that took is counted.
    assert pool.bytes_out == second.bytes_out + third.bytes_out + fourth.bytes_out > 0
    second.close()
    third.close()
