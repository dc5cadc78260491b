"""How many nodes are not ready, as an apiserver tells it by a watch, or the next one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from frame_server import until
from node_server import NodeServer, NodeStore, node

from kubedrill.clock import now
from kubedrill.observe import nodes
from kubedrill.observe.nodes import NodeReadiness, ToldNodes, by_zone, readiness
from kubedrill.record.cluster import Component, Endpoint


@pytest.fixture
def store() -> NodeStore:
    store = NodeStore()
    store.write("n-0", "True", "a")
    store.write("n-1", "False", "b")
    return store


@pytest.fixture
def servers(pki, store) -> Iterator[list[NodeServer]]:
    made = [NodeServer(pki, store) for _ in range(3)]
    yield made
    for server in made:
        server.mute = False
        server.breaks.set()
        server.close()


@pytest.fixture
def told(local, servers) -> Iterator[ToldNodes]:
    endpoints = [Endpoint("127.0.0.1", server.port) for server in servers]
    components = tuple(
        Component(f"kube-apiserver-{zone}", "kube-apiserver", zone, endpoint)
        for zone, endpoint in zip("abc", endpoints, strict=True)
    )
    told = ToldNodes(local(endpoints[0], components).record)
    yield told
    told.close()


def not_ready(told: ToldNodes) -> list[str]:
    return [name for name, found in told.nodes.items() if not found.ready]


def seen(told: ToldNodes, condition: Callable[[], Any], failing: int = 0) -> None:
    """Look until something has come true; so many looks may fail meanwhile."""
    failed = 0

    def looked() -> bool:
        nonlocal failed
        failed += told.look() != ""
        return bool(condition())

    until(looked, 20)
    assert failed <= failing


def test_what_changes_is_told(told, store, servers) -> None:
    assert told.look() == ""
    assert told.nodes == {"n-0": NodeReadiness(True, "a"), "n-1": NodeReadiness(False, "b")}
    store.write("n-1", "True", "b")
    store.write("n-2", "Unknown")
    seen(told, lambda: not_ready(told) == ["n-2"])
    store.delete("n-2")
    seen(told, lambda: len(told.nodes) == 2 and not not_ready(told))
    assert [(server.lists, server.watches) for server in servers] == [(1, 1), (0, 0), (0, 0)]


def test_no_node_is_known_to_be_none(told, store) -> None:
    store.nodes.clear()
    assert told.look() == ""
    assert told.nodes == {}


def test_a_watch_that_ends_is_opened_where_it_was(told, store, servers) -> None:
    assert told.look() == ""
    servers[0].ends.set()
    until(lambda: told.look() == "" and servers[0].watches > 1, 20)
    servers[0].ends.clear()
    store.write("n-0", "False", "a")
    seen(told, lambda: not_ready(told) == ["n-0", "n-1"])
    assert [server.lists for server in servers] == [1, 0, 0]


@pytest.mark.parametrize("how", ["breaks", "mute", "refuses"])
def test_the_next_one_tells_what_has_changed_meanwhile(told, store, servers, how) -> None:
    assert told.look() == ""
    if how == "breaks":
        servers[0].breaks.set()
    elif how == "mute":
        servers[0].mute = True
    else:
        servers[0].status = "503 Service Unavailable"
    store.write("n-1", "True", "b")
    seen(told, lambda: not not_ready(told), failing=1)
    assert servers[1].watches == 1
    assert [server.lists for server in servers] == [1, 0, 0]


def test_a_version_that_is_forgotten_is_listed_anew(told, store, servers) -> None:
    assert told.look() == ""
    servers[0].breaks.set()
    store.write("n-1", "True", "b")
    store.forget()
    seen(told, lambda: not not_ready(told), failing=2)
    assert sum(server.lists for server in servers) == 2


def test_one_that_has_lost_etcd_is_left_though_it_answers(told, store, servers) -> None:
    assert told.look() == ""
    servers[0].lost = store.version
    store.write("n-1", "True", "b")
    until(lambda: told.look() == "http 504", 20)
    seen(told, lambda: not not_ready(told))
    assert servers[1].watches == 1


def test_one_that_knows_less_since_nothing_has_changed_is_not_left(told, store, servers) -> None:
    assert told.look() == ""
    servers[0].cached = store.version
    store.version += 1  # something else was written
    begun = now()
    while now() < begun + 3 * nodes.BEHIND:
        assert told.look() == ""
    assert [server.watches for server in servers] == [1, 0, 0]


@pytest.mark.parametrize("ever", [True, False])
def test_it_is_said_when_nobody_answers(told, servers, ever) -> None:
    if ever:
        until(lambda: told.look() == "", 20)
    for server in servers:
        server.mute = True
    assert [told.look() for _ in range(4)] == ["timeout"] * 4
    for server in servers:
        server.mute = False
    until(lambda: told.look() == "", 20)


def test_what_is_no_list_of_nodes_is_no_answer(told, store) -> None:
    store.nodes["n-0"] = {"metadata": {}}
    assert told.look().startswith("no answer to GET /api/v1/nodes: ")


def test_ready_is_who_says_true() -> None:
    said = ("True", "False", "Unknown", None)
    found = [readiness(node(f"n-{number}", status)) for number, status in enumerate(said)]
    assert [(name, each.ready) for name, each in found] == [
        *(("n-0", True), ("n-1", False), ("n-2", False), ("n-3", False)),
    ]


def test_each_zone_has_its_own() -> None:
    said = (("True", "a"), ("False", "a"), ("True", "b"), ("True", None))
    found = [readiness(node("n", status, zone))[1] for status, zone in said]
    assert by_zone(found) == {"a": (1, 2), "b": (1, 1), "": (1, 1)}
