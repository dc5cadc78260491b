"""What a fleet asks for itself: evictions, until they are granted; and how much it receives."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from behaving_server import SERVER_NAME, Certificate
from frame_server import Behaviour, FrameServer, Request, head

from kubedrill.client.identity import ClientIdentity
from kubedrill.clock import SECOND, now
from kubedrill.fleet import evicting
from kubedrill.fleet.evicting import Evicting, MayNotEvict
from kubedrill.fleet.pod_objects import PodShape
from kubedrill.fleet.talk import Counts, Talk
from kubedrill.record.cluster import Endpoint
from kubedrill.wire.target import Target, client_tls

LIMIT_S = 30.0
Said = tuple[int, Any]
Asked = list[tuple[str, Any]]
Serve = Callable[[dict[str, Callable[[], Said]]], Asked]


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def serving(tmp_path: Path, counts: Counts) -> Iterator[tuple[Serve, Callable[[], Talk]]]:
    """Serve answers by path, and tell what was asked with which content; and who asks."""
    certificate = Certificate.create(tmp_path)
    opened: list[Any] = []

    def behaviour(say: Callable[[], Said], asked: Asked) -> Behaviour:
        def answer(talk: Any, request: Request) -> None:
            request.whole.wait(LIMIT_S)
            content = json.loads(request.body) if request.body else None
            asked.append((request.headers[":method"], content))
            status, said = say()
            body = json.dumps(said).encode()
            talk.head(request.stream, head(status, len(body)))
            talk.body(request.stream, body)

        return answer

    def serve(answers: dict[str, Callable[[], Said]]) -> Asked:
        asked: Asked = []
        opened.append(
            FrameServer(certificate, {path: behaviour(say, asked) for path, say in answers.items()})
        )
        return asked

    def talk() -> Talk:
        tls = client_tls(str(certificate.certificate), http="2")
        target = Target(Endpoint("127.0.0.1", opened[0].port), SERVER_NAME, tls)
        who = ClientIdentity("fleet", target, None, SERVER_NAME, "test", http="2")
        opened.append(Talk(who, counts))
        return opened[-1]

    yield serve, talk
    for each in reversed(opened):
        each.close()


def in_turn(*said: Said) -> Callable[[], Said]:
    """Say one after the other."""
    left = [*said]
    return lambda: left.pop(0)


def shape(name: str) -> PodShape:
    metadata = {"namespace": "n", "name": name, "uid": f"uid-{name}"}
    return PodShape.of({"metadata": metadata, "spec": {"containers": []}})


def on_it(shapes: Callable[[], list[PodShape]]) -> Any:
    """Return a node that has these pods."""
    return SimpleNamespace(
        pods=SimpleNamespace(movable=lambda: [SimpleNamespace(shape=each) for each in shapes()])
    )


BUDGET = {
    "details": {"causes": [{"reason": "DisruptionBudget", "message": "needs 9 healthy pods"}]}
}


def test_a_node_is_emptied_as_soon_as_budgets_let_it_be(
    serving: Any, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evicting, "AGAIN_S", 0.05)
    serve, talk = serving
    there = {"a": shape("a"), "b": shape("b")}
    answers = {"a": in_turn((201, {})), "b": in_turn((429, BUDGET), (429, {}), (201, {}))}

    def evict(name: str) -> Said:
        status, said = answers[name]()
        if status == 201:
            del there[name]
        return status, said

    paths = {f"/api/v1/namespaces/n/pods/{name}/eviction": partial(evict, name) for name in "ab"}
    asked = serve(paths)
    evicts = Evicting(talk())
    node = on_it(lambda: [*there.values()])
    with gevent.Timeout(LIMIT_S):
        evicts.empty(node)
    assert not there
    assert evicts.refused == 1, "a 429 of who asks too much is no budget's"
    assert [method for method, _ in asked] == ["POST"] * 4
    content = asked[0][1]
    assert content["kind"] == "Eviction"
    assert content["metadata"]["name"] == "a"
    assert content["deleteOptions"] == {"preconditions": {"uid": "uid-a"}}


def test_who_may_not_evict_says_so(serving: Any) -> None:
    serve, talk = serving
    serve({"/api/v1/namespaces/n/pods/a/eviction": in_turn((403, {}))})
    node = on_it(lambda: [shape("a")])
    with gevent.Timeout(LIMIT_S), pytest.raises(MayNotEvict):
        Evicting(talk()).empty(node)


def test_what_is_received_is_counted_once(serving: Any, counts: Counts) -> None:
    serve, talk = serving
    serve({"/api/v1/nodes": in_turn((200, {}), (200, {}))})
    asking = talk()
    with gevent.Timeout(LIMIT_S):
        asking.call("GET", "/api/v1/nodes", now() + 10 * SECOND)
        asking.add_up()
        first = counts.received_bytes
        asking.call("GET", "/api/v1/nodes", now() + 10 * SECOND)
    assert counts.received_bytes == first > 0
    asking.add_up()
    second = counts.received_bytes
    assert second > first
    asking.close()
    assert counts.received_bytes == second
