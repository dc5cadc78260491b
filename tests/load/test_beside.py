"""What a part of a mix does beside its arrivals is recorded, also when it has waited for a connection."""

import json
from collections.abc import Iterator

import pytest
from behaving_server import Certificate
from load_stage import Stage
from watch_server import WatchServer

RATE, SECONDS = 8, 1


@pytest.fixture
def server(certificate: Certificate) -> Iterator[WatchServer]:
    watched = WatchServer(certificate)
    yield watched
    watched.close()


def test_each_deletion_of_a_part_is_recorded(stage: Stage, server: WatchServer):
    """Each is in the way of the next: they share a connection, and the first GET of each is not answered."""
    server.mute = True
    chosen = json.dumps([{"profile": "namespace-flood", "weight": 1, "with": {"delete": "await"}}])
    mix = stage.of("mixed")
    played = mix.play(RATE, SECONDS, mix=chosen, connections=1, timeout_s=1.5)
    assert played.status == 0, played.log
    assert "Traceback" not in played.log
    made = played.outcomes("mixed.namespace-flood.create")
    assert made.get(200), played.log
    gone = played.records("mixed.namespace-flood.create.gone")
    assert len(gone) == made[200]
    assert (gone["wait_us"] > 250_000).any(), "none has waited for the connection"
