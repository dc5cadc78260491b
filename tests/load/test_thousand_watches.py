"""A thousand informers in one process: each sees every write."""

import resource
from collections.abc import Iterator

import numpy as np
import pytest
from behaving_server import Certificate
from watch_server import WatchServer

WATCHES = 1000


@pytest.fixture
def descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 2 * WATCHES:
        pytest.skip("too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 2 * WATCHES), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def server(descriptors, certificate: Certificate) -> Iterator[WatchServer]:
    server = WatchServer(certificate)
    server.items, server.pace_s = 0, 0.5
    yield server
    server.close()


def test_each_of_a_thousand_watches_sees_each_write(stage, server):
    watching = []

    def meanwhile(*_: object) -> None:
        watching.append(server.watching)

    played = stage.of("informer").play(2, 2, meanwhile, clients=WATCHES, objects=2)
    assert played.status == 0, played.log
    assert watching == [WATCHES]
    assert played.outcomes("write") == {200: 4}
    seen = played.records("write.seen")
    # The last write may not have come to all when the load ends.
    assert len(seen) == 4 * WATCHES
    assert (seen["outcome"] == 200).sum() >= 3 * WATCHES
    assert set(np.unique(seen["intended"], return_counts=True)[1].tolist()) == {WATCHES}
    assert len(played.records("write.lost")) == 0
