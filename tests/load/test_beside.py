"""What a part of a mix does beside its arrivals is recorded, also when it has waited for a connection."""

import json
from collections.abc import Iterator

import pytest
from behaving_server import Certificate
from load_stage import Stage, until
from watch_server import WatchServer

from kubedrill.clock import SECOND

RATE, SECONDS = 16, 4
"""Two arrivals a second for each of the eight users, who have a connection each."""


@pytest.fixture
def server(certificate: Certificate) -> Iterator[WatchServer]:
    watched = WatchServer(certificate)
    yield watched
    watched.close()


def test_each_deletion_of_a_part_is_recorded(stage: Stage, server: WatchServer):
    """None is ever gone, and all of a user look for it on one connection, which then hears no more."""

    def mute(_, start: int) -> None:
        until(start + SECOND)
        server.mute = True

    chosen = json.dumps([{"profile": "namespace-flood", "weight": 1, "with": {"delete": "await"}}])
    given = {"mix": chosen, "connections": 1, "timeout_s": 2}
    played = stage.of("mixed").play(RATE, SECONDS, mute, **given)
    assert played.status == 0, played.log
    assert "Traceback" not in played.log
    made = played.outcomes("mixed.namespace-flood.create")
    assert made.get(200), played.log
    gone = played.records("mixed.namespace-flood.create.gone")
    assert len(gone) == made[200]
    assert (gone["wait_us"] > 250_000).any(), "none has waited for the connection"
