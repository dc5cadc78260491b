"""Leases as the API answers with them, and who holds one in a real cluster."""

import json
from collections.abc import Callable

import pytest

from kubedrill.clock import SECOND
from kubedrill.cluster.leases import LED, LeaseError, leader, parsed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.watched import LeaseHeld
from kubedrill.wire.response import Response

Call = Callable[..., Response]


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"{}", "no Lease: "), (b"[", "no Lease: "), (b'{"spec": {}}', "no Lease: ")],
)
def test_what_is_no_lease_is_told(body: bytes, words: str) -> None:
    with pytest.raises(LeaseError, match=words):
        parsed(body)


def test_a_lease_as_the_api_writes_it() -> None:
    spec = {
        "holderIdentity": "zone-a_dcc0eafc",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-01-31T12:00:00.250001Z",
        "renewTime": "2026-01-31T12:00:01.000000Z",
        "leaseTransitions": 3,
    }
    begun = 1_769_860_800 * SECOND
    assert parsed(json.dumps({"spec": spec}).encode()) == LeaseHeld(
        holder="zone-a_dcc0eafc",
        acquired=begun + 250_001_000,
        renewed=begun + SECOND,
        lasts_s=15,
        transitions=3,
    )
    del spec["holderIdentity"]  # given back
    assert parsed(json.dumps({"spec": spec}).encode()).holder == ""


@pytest.mark.cluster
@pytest.mark.parametrize("kind", LED)
def test_one_zone_leads_and_says_so_itself(cluster: ClusterRecord, call: Call, kind: str) -> None:
    led = leader(cluster, kind, 10.0)
    pages = {
        component.zone: call("scraper", "/metrics", component=component.name).body.decode()
        for component in cluster.of_kind(kind)
    }
    says = f'leader_election_master_status{{name="{kind}"}} 1\n'
    assert [zone for zone, page in pages.items() if says in page] == [led]


@pytest.mark.cluster
def test_a_kind_that_is_not_led_has_no_lease(cluster: ClusterRecord) -> None:
    with pytest.raises(LeaseError, match="the Lease etcd: 404"):
        leader(cluster, "etcd", 10.0)
