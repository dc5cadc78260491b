"""What mass-list sends, and which answers it takes for whole."""

import pytest

from kubedrill.record.sample import Outcome

LIST = {"rate": 10, "seconds": 1}


def paths(server) -> set[str]:
    return {path for _, path, _ in server.served}


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({}, "/api/v1/pods"),
        ({"resource_version": "0"}, "/api/v1/pods?resourceVersion=0"),
        ({"namespace": "default"}, "/api/v1/namespaces/default/pods"),
        ({"resource": "deployments"}, "/apis/apps/v1/deployments"),
    ],
)
def test_requests(stage, server, parameters, path):
    server.kind = "DeploymentList" if "resource" in parameters else "PodList"
    played = stage.play(**LIST, **parameters)
    assert played.outcomes() == {200: 10}
    assert paths(server) == {path}
    assert len(played.records("list.page")) == 0


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_a_paged_list_is_one_transaction(stage, server, encoding):
    server.latencies = [0.02]
    played = stage.play(**LIST, limit=4, encoding=encoding)
    lists, pages = played.records(), played.records("list.page")
    assert played.outcomes() == {200: 10}
    assert len(pages) == 30  # 10 objects, 4 a page
    assert lists["bytes"].sum() == pages["bytes"].sum()
    assert lists["total_us"].min() > 60_000
    assert 20_000 < pages["total_us"].min() < lists["total_us"].min() / 2
    assert (lists["first_byte_us"] < lists["total_us"]).all()
    assert len(server.served) == 30
    accepted = {headers["Accept"] for _, _, headers in server.served}
    assert accepted == {
        "application/json" if encoding == "json" else "application/vnd.kubernetes.protobuf"
    }


def test_an_expired_continue_is_counted_as_410(stage, server):
    server.expired = True
    played = stage.play(**LIST, limit=4, on_expired="fail")
    assert played.outcomes() == {410: 10}
    assert sorted(set(played.records("list.page")["outcome"].tolist())) == [200, 410]


def test_a_page_that_fails_is_the_transactions_result(stage, server):
    server.behaviour = "/eof-mid-body"
    played = stage.play(**LIST, limit=4)
    assert played.outcomes() == {Outcome.EOF: 10}
    assert len(played.records("list.page")) == 10


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
@pytest.mark.parametrize("wrong", ["another kind", "another body"])
def test_what_is_not_the_list_that_was_asked_for_is_malformed(stage, server, encoding, wrong):
    if wrong == "another kind":
        server.kind = "SecretList"
    else:
        server.broken = True
    played = stage.play(**LIST, encoding=encoding)
    assert played.status == 0
    assert played.outcomes() == {Outcome.MALFORMED: 10}
