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
