"""Arrivals of several requests: each of them is in the samples, whatever became of it."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from api_server import ApiServer
from behaving_server import Certificate
from load_stage import until

from kubedrill.clock import SECOND
from kubedrill.record.sample import Outcome

RESET, TIMEOUT = Outcome.RESET, Outcome.TIMEOUT
SECOND_LONG = {"rate": 8, "seconds": 1}


@pytest.fixture
def server(certificate: Certificate) -> Iterator[ApiServer]:
    api_server = ApiServer(certificate)
    yield api_server
    api_server.close()


def failing(method: str, end: str, failure):
    """Return what lets every request fail whose path ends so."""
    return lambda verb, path: failure if verb == method and path.endswith(end) else None


def test_a_step_of_a_pod_that_is_reset(stage, server):
    server.fails = failing("POST", "/binding", "/reset-mid-body")
    played = stage.of("pod_churn").play(**SECOND_LONG)
    assert played.outcomes("churn") == {RESET: 8}, played.log
    assert played.outcomes("churn.create") == {201: 8}
    assert played.outcomes("churn.bind") == {RESET: 8}
    assert played.outcomes("churn.status") == {}
    assert played.outcomes("churn.delete") == {200: 8}
    assert server.named("/pods/") == []


def test_a_pod_whose_creation_is_not_answered_is_deleted_all_the_same(stage, server):
    server.fails = failing("POST", "/pods", "/stall")
    played = stage.of("pod_churn").play(**SECOND_LONG, timeout_s=0.5)
    assert played.outcomes("churn") == {TIMEOUT: 8}, played.log
    assert played.outcomes("churn.create") == {TIMEOUT: 8}
    assert played.outcomes("churn.delete") == {200: 8}
    assert server.named("/pods/") == []
    assert np.median(played.records("churn")["total_us"]) < 5_000_000  # not a life


def test_a_pod_that_was_refused_needs_no_deletion(stage, server):
    server.fails = failing("POST", "/pods", 429)
    played = stage.of("pod_churn").play(**SECOND_LONG)
    assert played.outcomes("churn") == {429: 8}, played.log
    assert server.paths("DELETE") == []


def test_a_life_that_is_too_long_has_failed_and_is_ended(stage, server):
    server.fails = failing("POST", "/binding", "/slow")
    played = stage.of("pod_churn").play(**SECOND_LONG, timeout_s=0.6, lifetime_s=0.5)
    assert played.outcomes("churn") == {TIMEOUT: 8}, played.log
    assert played.outcomes("churn.delete") == {200: 8}
    assert server.named("/pods/") == []


def test_a_roll_out_waits_for_the_first_replica_set_and_lasts_until_the_second(stage, server):
    server.controller_s = 1.0
    played = stage.of("pod_churn").play(**SECOND_LONG, workload="deployments")
    assert played.outcomes("churn") == {200: 8}, played.log
    for step in ("observed", "rollout", "patch", "delete"):
        assert played.outcomes(f"churn.{step}") == {200: 8}, step
    for step in ("observed", "rollout"):
        assert played.records(f"churn.{step}")["total_us"].min() > 950_000, step
    assert np.median(played.records("churn.patch")["total_us"]) < 950_000
    assert len(played.records("churn.look")) == len(
        [path for path in server.paths("GET") if "/deployments/" in path]
    )
    begins = {verb: at for at, verb, path in reversed(server.asked) if "/deployments" in path}
    assert begins["PATCH"] - begins["POST"] > 1.0


def test_a_deployment_that_no_controller_sees(stage, server):
    server.controller_s = 60
    played = stage.of("pod_churn").play(**SECOND_LONG, workload="deployments", timeout_s=1)
    assert played.outcomes("churn") == {TIMEOUT: 8}, played.log
    assert played.outcomes("churn.observed") == {TIMEOUT: 8}
    assert server.paths("PATCH") == []
    assert server.named("/deployments/") == []


def test_parts_of_a_namespace_that_fail(stage, server):
    server.fails = failing("POST", "/secrets", "/reset-mid-body")
    played = stage.of("namespace_flood").play(**SECOND_LONG)
    assert played.outcomes("create") == {RESET: 8}, played.log
    assert played.outcomes("create.request") == {201: 8, RESET: 8}


def test_a_wait_that_fails(stage, server):
    server.fails = failing("GET", "/serviceaccounts/default", "/reset-mid-body")
    played = stage.of("namespace_flood").play(**SECOND_LONG, account="await")
    assert played.outcomes("create") == {RESET: 8}, played.log
    assert played.outcomes("create.account") == {RESET: 8}
    assert played.outcomes("create.look") == {RESET: 8}


def test_every_request_of_a_deletion_is_recorded(stage, server):
    played = stage.of("namespace_flood").play(**SECOND_LONG, delete="await")
    for series in ("create", "create.gone", "create.delete", "create.look"):
        assert played.outcomes(series) == ({404: 8} if "look" in series else {200: 8}), series


def test_an_event_that_fails_is_in_both_series(stage, server):
    server.fails = failing("POST", "/events", "/eof-mid-body")
    played = stage.of("event_storm").play(**SECOND_LONG)
    assert played.outcomes("event") == {Outcome.EOF: 8}, played.log
    assert played.outcomes("event.create") == {Outcome.EOF: 8}


def test_an_event_that_has_expired_is_made_anew_with_its_count(stage, server):
    def meanwhile(child, start):
        until(start + SECOND)
        server.objects = {
            path: made for path, made in server.objects.items() if "/events/" not in path
        }

    played = stage.of("event_storm").play(20, 2, meanwhile, distinct=2)
    assert played.outcomes("event") == {201: 4, 200: 36}, played.log
    assert played.outcomes("event.patch") == {200: 36, 404: 2}
    assert [event["count"] for event in server.named("/events/")] == [20, 20]


def test_a_lease_that_cannot_be_read(stage, server):
    server.fails = lambda method, path: "/reset-mid-body" if method == "GET" else None
    played = stage.of("lease_heartbeat").play(**SECOND_LONG, nodes=4)
    assert played.outcomes("renew") == {RESET: 8}, played.log
    assert played.outcomes("renew.read") == {RESET: 8}


def test_two_portions_of_leases_do_not_share_their_versions(stage, server):
    portion = {"profile": "lease-heartbeat", "weight": 1, "with": {"nodes": 3}}
    played = stage.of("mixed").play(40, 2, mix=json.dumps([portion, portion]))
    assert played.outcomes("mixed") == {200: 80}, played.log
