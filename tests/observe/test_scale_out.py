"""Who watches nodes and pods come goes around a load balancer that is away."""

from dataclasses import replace

import pytest
from tls_server import Reply

from kubedrill.clock import SECOND, now
from kubedrill.observe.scale_out import Blocking
from kubedrill.record.cluster import AUDITOR, Component
from kubedrill.wire.errors import WireError

LIMIT = 60 * SECOND


def test_an_apiserver_is_asked_while_the_balancer_is_away(server, local) -> None:
    balancer, direct = (
        server(lambda *_, body=body: Reply(body)) for body in (b"balancer", b"direct")
    )
    components = (Component("kube-apiserver-a", "kube-apiserver", "a", direct.endpoint),)
    record = local(balancer.endpoint, components).record
    record = replace(record, identities={AUDITOR: record.identities["scraper"]})
    asking = Blocking(record)
    request = asking.request("GET", "/api/v1/nodes")

    def streamed() -> bytes:
        stream = asking.stream(request, now() + LIMIT)
        try:
            return stream.receive(now() + LIMIT)
        finally:
            asking.end(stream)

    assert streamed() == b"balancer"
    balancer.refuse()
    with pytest.raises(WireError):
        asking.exchange(request, now() + LIMIT)
    assert streamed() == b"direct"
    balancer.listen()
    assert streamed() == b"direct", "it stays with who answers"
    direct.refuse()
    with pytest.raises(WireError):
        streamed()
    assert streamed() == b"balancer"
