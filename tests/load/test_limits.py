"""What a generator runs out of: it says so, and does not charge it to the server."""

import resource
import time

import pytest
from behaving_server import SERVER_NAME

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import Endpoint
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import Target, client_tls

with pytest.MonkeyPatch.context() as patch:
    # Locust patches a process that imports it, and this one runs other tests, too.
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from kubedrill.client.greenlets.pool import Held, Pool
    from kubedrill.client.targets import Targets


def test_who_gets_no_connection_in_time_is_held_back(server, certificate):
    tls, held = client_tls(str(certificate.certificate)), Held()
    target = Target(Endpoint("127.0.0.1", server.port), SERVER_NAME, tls)
    pool = Pool(target, Targets(), held, most=1)
    connection = pool.take(now() + SECOND)
    assert not held
    with pytest.raises(WireError) as none:
        pool.take(now() + 50 * MILLISECOND)
    assert none.value.outcome == Outcome.NO_CONNECTION
    assert 50 * MILLISECOND <= held.take() < 500 * MILLISECOND
    assert not held
    pool.give(connection)
    assert pool.take(now() + SECOND) is connection
    connection.close()


def test_the_limit_of_open_files_is_raised(stage):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    stage.under = ["prlimit", f"--nofile=300:{hard}"]
    played = stage.play(rate=10, seconds=1)
    assert played.vitals()[-1]["descriptors_limit"] == hard


def test_no_descriptor_is_left(stage, server):
    server.latencies = [1.5]
    stage.under = ["prlimit", "--nofile=200:200"]
    played = stage.play(rate=200, seconds=1)
    assert set(played.outcomes()) == {200, Outcome.NO_DESCRIPTOR}, played.log
    assert len(played.records()) == 200
    assert 50 < played.count(200) < 200 - 64
    assert max(line["descriptors"] for line in played.vitals()) <= 200 - 64 + 1  # that of the count


@pytest.mark.parametrize(
    ("profile", "given", "asked"),
    [("mass_list", {"connections": 50}, 400), ("informer", {"clients": 450}, 450)],
)
def test_more_connections_than_files_may_be_open(stage, profile, given, asked):
    stage.under = ["prlimit", "--nofile=300:400"]
    words = f"{asked} connections in one process, which may open 400 files: raise the hard limit"
    began = time.monotonic()
    with pytest.raises(NotStarted, match=words):
        stage.of(profile).start(given)
    assert time.monotonic() - began < 10
