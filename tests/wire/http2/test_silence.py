"""A peer that is not there any more: nothing comes from it, not even the answer to a PING."""

from itertools import pairwise

import gevent
import pytest
from frame_server import head

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.http2 import frames, silence
from kubedrill.wire.http2.silence import ANSWER, IDLE, Do, Silence

from .conftest import HeldTimes, Http2Pool, Targets, request

WHEN = SECOND


def test_when_a_peer_is_asked_and_when_it_is_gone():
    silence = Silence()
    assert silence.look(100, WHEN) is Do.NOTHING
    assert silence.look(100, WHEN + IDLE - 1) is Do.NOTHING
    assert silence.look(100, WHEN + IDLE) is Do.ASK
    assert silence.look(100, WHEN + IDLE + ANSWER - 1) is Do.NOTHING
    assert silence.look(100, WHEN + IDLE + ANSWER) is Do.END


def test_whatever_comes_is_a_sign_of_life():
    silence = Silence()
    silence.look(100, WHEN)
    assert silence.look(100, WHEN + IDLE) is Do.ASK
    assert silence.look(117, WHEN + IDLE + ANSWER) is Do.NOTHING
    assert silence.look(117, WHEN + IDLE + ANSWER + IDLE - 1) is Do.NOTHING
    assert silence.look(117, WHEN + IDLE + ANSWER + IDLE) is Do.ASK


@pytest.fixture
def pool(target, monkeypatch):
    monkeypatch.setattr(silence, "IDLE", 300 * MILLISECOND)
    monkeypatch.setattr(silence, "ANSWER", 3 * SECOND)
    monkeypatch.setattr("kubedrill.client.greenlets.http2_pool.LOOK_S", 0.02)
    http2_pool = Http2Pool(target, Targets(), HeldTimes())
    yield http2_pool
    http2_pool.close()


def pings(server, talk: int = 0) -> list[tuple[int, int, int, bytes]]:
    return [frame for frame in server.talks[talk].frames if frame[0] == frames.PING]


def test_a_peer_that_answers_pings_keeps_its_connection(pool, behaviours, server):
    behaviours["/watch"] = lambda talk, request: talk.head(request.stream, head())
    server.answers_pings = True
    stream = pool.stream(request("/watch"), now() + 5 * SECOND)
    with pytest.raises(WireError) as caught:
        stream.receive(now() + 3 * SECOND)
    assert caught.value.outcome == Outcome.TIMEOUT  # of ours: it is still there
    assert 3 <= len(pings(server)) <= 10
    assert pool.exchange(request(), now() + 5 * SECOND).status == 200
    assert len(server.talks) == 1


def test_what_waits_for_a_dead_peer_is_told_so_and_the_next_request_has_another(
    pool, behaviours, server
):
    behaviours["/watch"] = lambda talk, request: talk.head(request.stream, head())
    stream = pool.stream(request("/watch"), now() + 5 * SECOND)
    begun = now()
    with pytest.raises(WireError, match="PING") as caught:
        stream.receive(now() + 20 * SECOND)
    assert caught.value.outcome == Outcome.UNREACHABLE
    assert 3.2 < (now() - begun) / SECOND < 15
    assert len(pings(server)) == 1
    assert pool.exchange(request(), now() + 5 * SECOND).status == 200
    assert len(server.talks) == 2


def test_a_connection_that_is_used_is_not_asked(pool, server):
    used = [now()]
    while used[-1] < used[0] + SECOND:
        assert pool.exchange(request(), now() + 5 * SECOND).status == 200
        used.append(now())
        gevent.sleep(0.05)
    pauses = [later - earlier for earlier, later in pairwise(used)]
    # Only a machine that stands still for as long may bring one about.
    assert len(pings(server)) <= sum(pause > 250 * MILLISECOND for pause in pauses)
