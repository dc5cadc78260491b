"""A component is asked the better question, and the older one only where it does not know that."""

from collections.abc import Iterator

import pytest
from api_server import ApiServer
from behaving_server import Certificate

from kubedrill.client import well
from kubedrill.client.caller import Caller
from kubedrill.wire.target import identity_target


@pytest.fixture
def component(certificate: Certificate) -> Iterator[ApiServer]:
    server = ApiServer(certificate)
    yield server
    server.close()


@pytest.mark.parametrize(
    ("kind", "answers", "asked"),
    [
        ("etcd", {"/readyz": 200, "/health": 503}, ["/readyz"]),
        ("etcd", {"/readyz": 503, "/health": 200}, ["/readyz"]),
        ("etcd", {"/health": 200}, ["/readyz", "/health"]),
        ("etcd", {"/health": 503}, ["/readyz", "/health"]),
        ("kube-scheduler", {"/readyz": 500, "/healthz": 200}, ["/readyz"]),
        ("kube-scheduler", {"/healthz": 200}, ["/readyz", "/healthz"]),
        ("kube-controller-manager", {"/healthz": 200}, ["/readyz", "/healthz"]),
        ("kube-apiserver", {"/healthz": 200, "/livez": 200}, ["/readyz"]),
    ],
)
def test_the_better_question_first(component, caller_to, kind, answers, asked):
    component.fails = lambda method, path: answers.get(path, 404)
    said = well.ask(caller_to(component.port), well.PAGES[kind])
    assert component.paths("GET") == asked
    last = answers.get(asked[-1], 404)
    assert said.well == (last == 200)
    assert said.of("it") == f"{asked[-1]} of it: {last}"


@pytest.mark.cluster
def test_every_component_says_that_it_is_well(cluster):
    for component in cluster.components:
        if component.kind in well.PAGES:
            api = Caller(*identity_target(cluster, "scraper", component.serving))
            said = well.ask(api, well.PAGES[component.kind])
            api.close()
            assert said.well, said.of(component.name)
