"""One apiserver is asked, and the next one once it has given no answer that can be read."""

import json
from contextlib import closing

from tls_server import Reply

from kubedrill.clock import SECOND
from kubedrill.cluster.leases import lease_path, parsed
from kubedrill.observe.in_turn import InTurn
from kubedrill.record.cluster import Component

PATH = lease_path("kube-scheduler")
LEASE = {
    "holderIdentity": "zone-a_dcc0eafc",
    "leaseDurationSeconds": 15,
    "acquireTime": "2026-01-31T12:00:00.250001Z",
    "renewTime": "2026-01-31T12:00:01.000000Z",
}


def test_the_next_one_is_asked_until_it_fails_in_its_turn(server, local) -> None:
    bodies = [b"{}", json.dumps({"spec": LEASE}).encode(), b"away"]
    statuses = [200, 200, 503]
    servers = [
        server(lambda *_, body=body, status=status: Reply(body, status))
        for body, status in zip(bodies, statuses, strict=True)
    ]
    components = tuple(
        Component(f"kube-apiserver-{zone}", "kube-apiserver", zone, each.endpoint)
        for zone, each in zip("abc", servers, strict=True)
    )
    record = local(servers[0].endpoint, components).record
    with closing(InTurn(record, "scraper", 60 * SECOND)) as apiservers:

        def asked() -> tuple[str, str]:
            lease, error = apiservers.ask(PATH, "application/json", parsed)
            return lease.holder if lease else "", error

        assert asked() == ("", f"no answer to GET {PATH}: no Lease: b'{{}}'")
        assert [asked(), asked()] == [(LEASE["holderIdentity"], "")] * 2
        servers[1].refuse()
        assert asked()[0] == ""
        assert asked() == ("", "http 503")
        assert asked()[1].endswith("no Lease: b'{}'")
