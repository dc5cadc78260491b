"""What an informer tells of a collection: each object as it is, which are gone, and when it knows of all."""

import json

import pytest
from told_watch import Notes, Played, Told, end_of_initial, event

from kubedrill.client.informer import CollectionInformer
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response
from kubedrill.wire.stream import Streaming

PODS = "/api/v1/pods"


class Script:
    """Answers as it was told to, and notes what it was asked for."""

    def __init__(self, *answers: Told | Response | Outcome) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.open = 0

    def request(self, method: str, path: str, accept: str = "application/json") -> bytes:
        self.asked.append((path, accept))
        return f"{method} {path}".encode()

    def exchange(self, request: bytes, deadline: int) -> Response:
        answer = self._next()
        assert isinstance(answer, Response)
        return answer

    def stream(self, request: bytes, deadline: int) -> Streaming:
        answer = self._next()
        assert isinstance(answer, Told)
        self.open += 1
        return answer

    def end(self, stream: Streaming) -> None:
        self.open -= 1

    def _next(self) -> Told | Response:
        if not self._answers:
            raise Played
        answer = self._answers.pop(0)
        if isinstance(answer, Outcome):
            raise WireError(answer, "as told")
        return answer


def initial(*names: str) -> list[bytes]:
    found = [event("ADDED", number, name) for number, name in enumerate(names, 1)]
    return [*found, end_of_initial(9)]


def listed(*names: str, status: int = 200, said: bytes = b"") -> Response:
    items = [{"metadata": {"name": name}} for name in names]
    body = said or json.dumps({"metadata": {"resourceVersion": "30"}, "items": items}).encode()
    return Response(status, 1, 2, len(body), b"", b"", body, None, 0)


def played(*answers: Told | Response | Outcome, selector: str = "") -> tuple[Script, list[str]]:
    script, notes = Script(*answers), Notes()
    informer = CollectionInformer(script, PODS, notes, selector=selector, sleep=lambda _: None)
    with pytest.raises(Played):
        informer.run()
    assert script.open == 0
    return script, notes.told


def test_all_that_is_there_and_what_becomes_of_it() -> None:
    changes = [event("MODIFIED", 10, "a"), event("DELETED", 11, "b"), event("BOOKMARK", 12, "")]
    script, told = played(Told(*initial("a", "b"), *changes))
    assert told == ["begin", "put a", "put b", "all", "put a", "gone b"]
    [first, second] = [path for path, _ in script.asked]
    assert "sendInitialEvents=true" in first
    assert "resourceVersion=12" in second


def test_where_it_cannot_be_streamed_it_is_listed() -> None:
    script, told = played(Told(status=403), listed("a", "b"), Told(event("MODIFIED", 31, "a")))
    assert told == ["begin", "put a", "put b", "all", "put a"]
    assert script.asked[1][0] == f"{PODS}?resourceVersion=0"
    assert "resourceVersion=30" in script.asked[2][0]


@pytest.mark.parametrize(
    "answer", [Outcome.UNREACHABLE, listed(said=b"{}"), listed(said=b"[" * 9), listed(status=403)]
)
def test_what_is_no_list_is_asked_for_again(answer: Response | Outcome) -> None:
    _, told = played(Told(status=403), answer, Told(*initial("a")))
    assert told[-3:] == ["begin", "put a", "all"]


def test_what_is_deleted_before_all_has_come_is_gone() -> None:
    first, *rest = initial("a", "b")
    _, told = played(Told(first, event("DELETED", 3, "a"), *rest))
    assert told == ["begin", "put a", "gone a", "put b", "all"]


def test_a_selector_is_in_all_that_it_asks_for() -> None:
    script, _ = played(Told(status=403), listed(), Told(), selector="fieldSelector=a%3Db")
    assert [path.startswith(f"{PODS}?fieldSelector=a%3Db&") for path, _ in script.asked] == [
        True
    ] * len(script.asked)


def test_who_takes_nothing_has_nothing_decoded() -> None:
    script = Script(Told(status=403), listed(said=b"k8s\x00 nothing"), Told(b"\x00\x00\x00\x02??"))
    informer = CollectionInformer(script, PODS, sleep=lambda _: None)
    with pytest.raises(Played):
        informer.run()
    assert {accept.partition(";")[0] for _, accept in script.asked} == {
        "application/vnd.kubernetes.protobuf"
    }
