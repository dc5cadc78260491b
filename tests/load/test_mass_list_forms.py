"""mass-list beyond the plain LIST: forms, custom resources, selectors, compression, what is Gone."""

from urllib.parse import parse_qs, urlsplit

import pytest
from load_stage import check, until

from kubedrill.clock import SECOND
from kubedrill.errors import NotStarted
from kubedrill.record.sample import Outcome

LIST = {"rate": 10, "seconds": 1}
WIDGETS = {"resource": "widgets", "api": "example.com/v1"}
EITHER = "application/vnd.kubernetes.protobuf,application/json"
METADATA = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def asked(server) -> list[tuple[str, dict[str, str]]]:
    """Return path and query of each request."""
    parts = [urlsplit(path) for _, path, _ in server.served]
    return [(part.path, {k: v[0] for k, v in parse_qs(part.query).items()}) for part in parts]


@pytest.mark.parametrize(
    ("parameters", "accept"),
    [
        ({"form": "metadata"}, f"application/json{METADATA}"),
        (
            {"form": "metadata", "encoding": "protobuf"},
            f"application/vnd.kubernetes.protobuf{METADATA}",
        ),
        ({"form": "table"}, "application/json;as=Table;g=meta.k8s.io;v=v1"),
        (WIDGETS, "application/json"),
        ({**WIDGETS, "form": "metadata"}, f"application/json{METADATA}"),
        ({"encoding": "either"}, EITHER),
        ({**WIDGETS, "encoding": "either"}, EITHER),
    ],
)
@pytest.mark.parametrize("limit", [0, 4])
def test_forms(stage, server, parameters, accept, limit):
    played = stage.play(**LIST, limit=limit, **parameters)
    assert played.outcomes() == {200: 10}
    assert len(played.records("list.page")) == (30 if limit else 0)
    assert {headers["Accept"] for _, _, headers in server.served} == {accept}


def test_a_custom_resource_stands_under_its_group(stage, server):
    stage.play(**LIST, namespace="default", **WIDGETS)
    assert asked(server)[0] == ("/apis/example.com/v1/namespaces/default/widgets", {})


def test_selectors_are_escaped(stage, server):
    given = {"label_selector": "app in (a,b),tier!=db", "field_selector": "spec.nodeName=n-1"}
    stage.play(**LIST, **given)
    expected = {"labelSelector": "app in (a,b),tier!=db", "fieldSelector": "spec.nodeName=n-1"}
    assert asked(server)[0] == ("/api/v1/pods", expected)


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
@pytest.mark.parametrize("limit", [0, 4])
def test_compressed_answers_are_known_for_what_they_are(stage, server, encoding, limit):
    played = stage.play(**LIST, encoding=encoding, limit=limit, gzip=True)
    assert played.outcomes() == {200: 10}
    server.broken = True
    assert stage.play(**LIST, encoding=encoding, gzip=True).count(Outcome.MALFORMED) >= 10


@pytest.mark.parametrize(
    ("on_expired", "outcome"), [("full", 200), ("restart", 410), ("fail", 410)]
)
def test_a_page_that_is_gone(stage, server, on_expired, outcome):
    server.expired = True
    played = stage.play(**LIST, limit=4, on_expired=on_expired)
    pages = played.records("list.page")
    assert played.outcomes() == {outcome: 10}
    assert (pages["outcome"] == 410).sum() == (20 if on_expired == "restart" else 10)
    queries = [query for _, query in asked(server)]
    wholes = sum(not query for query in queries)
    assert wholes == (10 if on_expired == "full" else 0)


def test_an_exact_version_is_learned_first(stage, server):
    played = stage.play(**LIST, resource_version="exact")
    assert played.outcomes() == {200: 10}
    exact = {"resourceVersion": "12345", "resourceVersionMatch": "Exact"}
    queries = [query for _, query in asked(server)]
    assert queries.count({"limit": "1"}) == 1  # for all eight users
    assert played.outcomes("list.version") == {200: 1}
    assert queries.count(exact) == 10


def test_an_exact_version_that_is_gone_is_learned_anew(stage, server):
    server.expired = True
    played = stage.play(**LIST, resource_version="exact")
    assert played.outcomes() == {410: 10}
    learned = [query for _, query in asked(server) if query == {"limit": "1"}]
    assert len(learned) >= 10
    assert len(played.records("list.version")) == len(learned)


def test_who_miss_one_version_at_once_learn_the_next_one_together(stage, server):
    server.latencies = [0.2]

    def meanwhile(child, start):
        until(start + SECOND)
        server.version += 1

    played = stage.play(40, 2, meanwhile, resource_version="exact")
    outcomes = played.outcomes()
    assert set(outcomes) == {200, 410}, played.log
    assert 5 <= outcomes[410] <= 40
    assert played.outcomes("list.version") == {200: 2}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"resource": "widgets"}, 'api: "example.com/v1"'),
        ({**WIDGETS, "encoding": "protobuf"}, "no protobuf for custom resources"),
        ({"form": "table", "encoding": "protobuf"}, "no protobuf for tables"),
        ({"api": "Example"}, "api"),
    ],
)
def test_what_cannot_be_asked_for(parameters, message):
    from load_stage import PROFILE

    with pytest.raises(NotStarted, match=message):
        check(PROFILE, parameters)


def test_false_is_false_on_the_command_line_too(stage, server):
    stage.play(**LIST, gzip=False)
    assert not any("Accept-Encoding" in headers for _, _, headers in server.served)
