"""Who watches nodes and pods come goes around servers that are away, or stand still."""

import pytest
from node_server import NodeServer, NodeStore
from tls_server import Reply

from kubedrill.clock import SECOND, now
from kubedrill.observe import scale_out
from kubedrill.observe.scale_out import Blocking
from kubedrill.record.cluster import Component, Endpoint
from kubedrill.wire.errors import WireError
from kubedrill.wire.stream import Stream

LIMIT = 60 * SECOND
PATH = "/api/v1/nodes?watch=1&resourceVersion=1"


@pytest.fixture
def direct(server):
    return server(lambda *_: Reply(b"direct"))


@pytest.fixture
def balancer(server):
    return server(lambda *_: Reply(b"balancer"))


@pytest.fixture
def asking(local, direct, balancer) -> Blocking:
    components = (Component("kube-apiserver-a", "kube-apiserver", "a", direct.endpoint),)
    return Blocking(local(balancer.endpoint, components).record)


def opened(asking: Blocking) -> Stream:
    stream = asking.stream(asking.request("GET", PATH), now() + LIMIT)
    assert isinstance(stream, Stream)
    return stream


def streamed(asking: Blocking) -> bytes:
    stream = opened(asking)
    try:
        return stream.receive(now() + LIMIT)
    finally:
        asking.end(stream)


def test_the_balancer_is_asked_while_the_apiservers_are_away(asking, direct, balancer) -> None:
    assert streamed(asking) == b"direct"
    direct.refuse()
    with pytest.raises(WireError):
        asking.exchange(asking.request("GET", PATH), now() + LIMIT)
    assert streamed(asking) == b"balancer"
    direct.listen()
    assert streamed(asking) == b"balancer", "it stays with who answers"
    balancer.refuse()
    with pytest.raises(WireError):
        streamed(asking)
    assert streamed(asking) == b"direct"


def test_one_that_stands_still_is_left(local, pki, monkeypatch) -> None:
    store = NodeStore()
    still, other = NodeServer(pki, store), NodeServer(pki, store)
    endpoints = [Endpoint("127.0.0.1", server.port) for server in (still, other)]
    components = (Component("kube-apiserver-a", "kube-apiserver", "a", endpoints[0]),)
    asking = Blocking(local(endpoints[1], components).record)
    assert not asking.look(), "nobody is watched"
    watched = opened(asking)
    assert asking.look()
    monkeypatch.setattr(scale_out, "TIMEOUT", SECOND // 10)
    still.mute = True
    assert not asking.look()
    with pytest.raises(WireError):
        watched.receive(now() + LIMIT)
    asking.end(watched)
    asking.end(opened(asking))
    assert (still.watches, other.watches) == (1, 1)
    still.mute = False
    for server in (still, other):
        server.breaks.set()
        server.close()
