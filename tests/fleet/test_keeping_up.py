"""A node's informers keep up as any does, and hold no greenlet while nothing comes."""

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from behaving_server import SERVER_NAME, Certificate
from frame_server import FrameServer, Request, head
from told_watch import Notes, end_of_initial, event

from kubedrill.client.identity import ClientIdentity
from kubedrill.client.informer import CollectionInformer
from kubedrill.client.protobuf import envelope, message
from kubedrill.clock import SECOND, now
from kubedrill.fleet.keeping_up import KeepingUp, NewerInformer
from kubedrill.fleet.pod_objects import PodShape
from kubedrill.fleet.talk import Counts, Talk
from kubedrill.fleet.used_objects import UsedObjects
from kubedrill.record.cluster import Endpoint
from kubedrill.wire.target import Target, client_tls

PATH = "/api/v1/configmaps"
USED = "/api/v1/namespaces/ns/configmaps"
NEWER = "/apis/certificates.k8s.io/v1/podcertificaterequests"
LIMIT_S = 30.0
AGAIN_S = 8.0
"""Far longer than it takes until a watch that was short is asked for again, 1.6 s at most."""


class Serving:
    """A server of one collection: what it is to say next, and what it was asked for."""

    def __init__(self, certificate: Certificate) -> None:
        self.said: queue.Queue[bytes | None] = queue.Queue()
        self.asked: list[str] = []
        behaviours = {**dict.fromkeys((PATH, USED), self._watch), NEWER: self._refuse}
        self.server = FrameServer(certificate, behaviours)
        tls = client_tls(str(certificate.certificate), http="2")
        target = Target(Endpoint("127.0.0.1", self.server.port), SERVER_NAME, tls)
        self.talk = Talk(
            ClientIdentity("node", target, None, SERVER_NAME, "test", http="2"), Counts()
        )

    def _refuse(self, talk: Any, request: Request) -> None:
        talk.head(request.stream, head(404))
        talk.body(request.stream, b"", ends=True)

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


def informer(serving: Serving, notes: Notes) -> CollectionInformer:
    return CollectionInformer(serving.talk, PATH, notes, sleep=gevent.sleep)


def until(condition: Callable[[], object]) -> None:
    with gevent.Timeout(LIMIT_S):
        while not condition():
            gevent.sleep(0.01)


def test_it_holds_no_greenlet_while_nothing_comes(serving: Serving) -> None:
    notes, spawn = Notes(), Spawning()
    serving.said.put(event("ADDED", 1, "a") + end_of_initial(2))
    following = KeepingUp(spawn, informer(serving, notes))
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
    following = KeepingUp(spawn, informer(serving, notes))
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
    following = KeepingUp(spawn, informer(serving, notes))
    until(lambda: notes.told == ["begin", "all"])
    serving.server.talks[0].close()
    until(lambda: len(serving.asked) == 2)
    assert "resourceVersion=2" in serving.asked[1]
    following.stop()


def in_protobuf(kind: str, config_map: bytes) -> bytes:
    """Return an event of a watch of a ConfigMap."""
    said = message((1, kind), (2, message((1, envelope("v1", "ConfigMap", config_map)))))
    return len(said).to_bytes(4, "big") + said


END = in_protobuf("BOOKMARK", message((1, message((6, "2"), (12, "k8s.io/initial-events-end")))))


class Host:
    """A node, as its references know it."""

    def __init__(self, serving: Serving) -> None:
        self.talk = serving.talk
        self.spawn = Spawning()


def ends(serving: Serving) -> bool:
    """Whether a watch is not asked for again when it has ended in order."""
    serving.said.put(None)
    with gevent.Timeout(AGAIN_S, False):
        while len(serving.asked) < 2:
            gevent.sleep(0.01)
    return len(serving.asked) == 1


def shape(uid: str, *, mounts: bool) -> PodShape:
    """Return a pod that uses a ConfigMap, in a volume or in its environment."""
    container = {"name": "main", "image": "pause", "envFrom": [{"configMapRef": {"name": "c"}}]}
    spec = {"containers": [container], "volumes": [{"configMap": {"name": "c"}}] if mounts else []}
    return PodShape.of({"metadata": {"namespace": "ns", "name": uid, "uid": uid}, "spec": spec})


@pytest.mark.parametrize("immutable", [True, False])
def test_what_never_changes_is_watched_no_longer_than_until_it_has_come(
    serving: Serving, immutable: bool
) -> None:
    host = Host(serving)
    references = UsedObjects(host)
    references.use(shape("a", mounts=True))
    references.use(shape("b", mounts=True))
    serving.said.put(in_protobuf("ADDED", message((1, message((6, "1"))), (4, immutable))) + END)
    until(lambda: serving.asked and not host.spawn.busy)
    assert ends(serving) == immutable
    assert "fieldSelector=metadata.name%3Dc&" in serving.asked[0]
    references.leave(shape("a", mounts=True))
    references.leave(shape("b", mounts=True))
    until(lambda: not host.spawn.busy)


@pytest.mark.parametrize("mounts", [True, False])
def test_what_only_containers_that_start_read_is_watched_for_some_minutes(
    serving: Serving, mounts: bool
) -> None:
    host = Host(serving)
    references = UsedObjects(host)
    references.use(shape("a", mounts=mounts))
    serving.said.put(END)
    until(lambda: serving.asked and not host.spawn.busy)
    references.look(now() + 299 * SECOND)
    assert len(host.spawn.greenlets) == 1
    references.look(now() + 361 * SECOND)
    assert ends(serving) == (not mounts)
    references.stop()


def test_what_another_pod_mounts_is_watched_as_long_as_that_is_there(serving: Serving) -> None:
    host = Host(serving)
    references = UsedObjects(host)
    references.use(shape("a", mounts=True))
    references.use(shape("b", mounts=False))
    serving.said.put(END)
    until(lambda: serving.asked and not host.spawn.busy)
    references.look(now() + 361 * SECOND)
    assert len(host.spawn.greenlets) == 1
    references.leave(shape("a", mounts=True))
    references.look(now() + 361 * SECOND)
    assert ends(serving)
    references.use(shape("c", mounts=True))  # and begins anew for who needs it
    serving.said.put(END)
    until(lambda: len(serving.asked) == 2 and not host.spawn.busy)
    references.stop()


def test_what_a_server_does_not_have_is_asked_for_once(serving: Serving) -> None:
    spawn = Spawning()
    KeepingUp(spawn, NewerInformer(serving.talk, NEWER, sleep=gevent.sleep))
    until(lambda: not spawn.busy)
    assert len(spawn.greenlets) == 1
