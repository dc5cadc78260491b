"""A node's informers keep up as any does, and hold no greenlet while nothing comes."""

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from behaving_server import SERVER_NAME, Certificate
from frame_server import FrameServer, Request, head
from told_watch import end_of_initial, event

from kubedrill.client.identity import ClientIdentity
from kubedrill.fleet.keeping_up import KeepingUp
from kubedrill.fleet.talk import Counts, Talk
from kubedrill.record.cluster import Endpoint
from kubedrill.wire.target import Target, client_tls

PATH = "/api/v1/configmaps"
LIMIT_S = 30.0


class Notes:
    """What is there, and what was gone."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self) -> None:
        self.told.append("begin")

    def put(self, found: dict[str, Any]) -> None:
        self.told.append(f"put {found['metadata']['name']}")

    def gone(self, found: dict[str, Any]) -> None:
        self.told.append(f"gone {found['metadata']['name']}")

    def all_found(self) -> None:
        self.told.append("all")


class Serving:
    """A server of one collection: what it is to say next, and what it was asked for."""

    def __init__(self, certificate: Certificate) -> None:
        self.said: queue.Queue[bytes | None] = queue.Queue()
        self.asked: list[str] = []
        self.server = FrameServer(certificate, {PATH: self._watch})
        tls = client_tls(str(certificate.certificate), http="2")
        target = Target(Endpoint("127.0.0.1", self.server.port), SERVER_NAME, tls)
        self.talk = Talk(
            ClientIdentity("node", target, None, SERVER_NAME, "test", http="2"), Counts()
        )

    def _watch(self, talk: Any, request: Request) -> None:
        self.asked.append(request.headers[":path"])
        talk.head(request.stream, head())
        while (said := self.said.get(timeout=LIMIT_S)) is not None:
            talk.body(request.stream, said, ends=False)
        talk.body(request.stream, b"", ends=True)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(Certificate.create(tmp_path))
    yield serving
    for _ in serving.asked:
        serving.said.put(None)
    serving.talk.close()
    serving.server.close()


class Spawning:
    """Does things in greenlets, and knows which of them are not done."""

    def __init__(self) -> None:
        self.greenlets: list[gevent.Greenlet] = []

    def __call__(self, what: Callable[[], object]) -> gevent.Greenlet:
        self.greenlets.append(gevent.spawn(what))
        return self.greenlets[-1]

    @property
    def busy(self) -> int:
        return sum(not greenlet.dead for greenlet in self.greenlets)


def until(condition: Callable[[], object]) -> None:
    with gevent.Timeout(LIMIT_S):
        while not condition():
            gevent.sleep(0.01)


def test_it_holds_no_greenlet_while_nothing_comes(serving: Serving) -> None:
    notes, spawn = Notes(), Spawning()
    serving.said.put(event("ADDED", 1, "a") + end_of_initial(2))
    following = KeepingUp(spawn, serving.talk, PATH, notes)
    until(lambda: notes.told == ["begin", "put a", "all"])
    until(lambda: not spawn.busy)
    serving.said.put(event("MODIFIED", 3, "a") + event("DELETED", 4, "a"))
    until(lambda: notes.told[3:] == ["put a", "gone a"])
    until(lambda: not spawn.busy)
    serving.said.put(None)  # the watch ends in order, and is resumed
    until(lambda: len(serving.asked) == 2)
    assert "resourceVersion=4" in serving.asked[1]
    serving.said.put(event("ADDED", 5, "b"))
    until(lambda: notes.told[5:] == ["put b"])
    following.stop()
    until(lambda: not spawn.busy)


@pytest.mark.parametrize("is_open", [True, False])
def test_one_that_is_stopped_is_told_nothing_more(serving: Serving, is_open: bool) -> None:
    notes, spawn = Notes(), Spawning()
    following = KeepingUp(spawn, serving.talk, PATH, notes)
    if is_open:
        serving.said.put(end_of_initial(2))
        until(lambda: notes.told == ["begin", "all"])
        until(lambda: not spawn.busy)
    else:
        until(lambda: serving.asked)
    following.stop()
    until(lambda: not spawn.busy)
    told = [*notes.told]
    serving.said.put(event("ADDED", 3, "late"))
    gevent.sleep(0.2)
    assert notes.told == told
    assert not spawn.busy


def test_a_connection_that_ends_is_opened_again(serving: Serving) -> None:
    notes, spawn = Notes(), Spawning()
    serving.said.put(end_of_initial(2))
    following = KeepingUp(spawn, serving.talk, PATH, notes)
    until(lambda: notes.told == ["begin", "all"])
    serving.server.talks[0].close()
    until(lambda: len(serving.asked) == 2)
    assert "resourceVersion=2" in serving.asked[1]
    following.stop()
