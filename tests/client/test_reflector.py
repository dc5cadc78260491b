"""What a reflector asks for next, after each thing that may become of a LIST or a watch."""

import json
from collections.abc import Callable

import pytest
from told_watch import Played, Told, end_of_initial, event

from kubedrill.client.clientgo import RETRY_S, Ended
from kubedrill.client.reflector import Reflector
from kubedrill.client.watching import Watch, WatchEvent
from kubedrill.clock import now
from kubedrill.record.sample import Outcome


def written(version: int) -> bytes:
    return event("MODIFIED", version)


def error(code: int) -> bytes:
    status = {"kind": "Status", "code": code}
    return json.dumps({"type": "ERROR", "object": status}, separators=(",", ":")).encode() + b"\n"


class Following(Reflector):
    """Notes what it asks for, and gets what the script says: a list's version, how it ended, or a stream."""

    def __init__(self, streams: bool, script: list[str | Ended | Told]) -> None:
        self.pauses: list[float] = []
        super().__init__(streams, self.pauses.append)
        self._script = script
        self.asked: list[str] = []
        self.seen: list[str] = []
        self.closed = 0

    def listing(self, version: str) -> Callable[[], str | Ended]:
        self.asked.append(f"list {version}".strip())
        return self._next

    def watching(self, version: str, anew: bool) -> Callable[[], Watch | Ended]:
        self.asked.append(f"{'stream' if anew else 'watch'} {version}".strip())
        return self._next

    def close(self, watch: Watch) -> None:
        self.closed += 1

    def found(self, event: WatchEvent) -> None:
        self.seen.append(f"found {event.version}")

    def found_all(self) -> None:
        self.seen.append(f"all, after {self.version or 'nothing'}")

    def took(self, event: WatchEvent) -> None:
        self.seen.append(event.version)

    def _next(self):
        if not self._script:
            raise Played
        told = self._script.pop(0)
        return Watch(told, "json", now(), now()) if isinstance(told, Told) else told


def play(streams: bool, *script: str | Ended | Told) -> Following:
    follower = Following(streams, list(script))
    with pytest.raises(Played):
        follower.run()
    return follower


@pytest.mark.parametrize(
    ("script", "asked", "pauses"),
    [
        pytest.param(
            ["10", Told(written(11), written(12)), Told(written(13))],
            ["list 0", "watch 10", "watch 12", "watch 13"],
            0,
            id="resumed after the last event",
        ),
        pytest.param(
            ["10", Told(written(11), failure=Outcome.RESET)],
            ["list 0", "watch 10", "watch 11"],
            0,
            id="a connection that has ended is no error of a watch",
        ),
        pytest.param(
            ["10", Told(written(11), failure=Outcome.UNREACHABLE)],
            ["list 0", "watch 10", "list 11"],
            1,
            id="a peer that is gone is one",
        ),
        pytest.param(
            ["10", Told()],
            ["list 0", "watch 10", "list 10"],
            1,
            id="a watch that ends at once without an event might do so for ever",
        ),
        pytest.param(
            ["10", Ended(410)],
            ["list 0", "watch 10", "list 10"],
            1,
            id="the version is gone, says the answer",
        ),
        pytest.param(
            ["10", Told(written(11), error(410)), Ended(410), "30"],
            ["list 0", "watch 10", "list 11", "list", "watch 30"],
            1,
            id="the version is gone, says an event, and then a list",
        ),
        pytest.param(
            ["10", Ended(429), Told(written(11))],
            ["list 0", "watch 10", "watch 10", "watch 11"],
            1,
            id="too many: the same once more after a pause",
        ),
        pytest.param(
            ["10", Told(written(11), b"no event\n")],
            ["list 0", "watch 10", "list 11"],
            1,
            id="what is no event",
        ),
        pytest.param([Ended(500)], ["list 0", "list 0"], 1, id="a list that has failed"),
    ],
)
def test_after_a_list(script, asked, pauses):
    follower = play(False, *script)
    assert follower.asked == asked
    assert len(follower.pauses) == pauses


@pytest.mark.parametrize(
    ("script", "asked", "seen"),
    [
        pytest.param(
            [Told(event("ADDED", 5), event("ADDED", 7), end_of_initial(20), written(21))],
            ["stream", "watch 21"],
            ["found 5", "found 7", "all, after nothing", "21"],
            id="goes on as a watch",
        ),
        pytest.param(
            [
                Told(end_of_initial(20), written(21), error(410)),
                Told(event("ADDED", 30), end_of_initial(30), written(31)),
            ],
            ["stream", "stream 21", "watch 31"],
            ["all, after nothing", "21", "found 30", "all, after 21", "31"],
            id="begins anew where it was",
        ),
        pytest.param(
            [
                Told(end_of_initial(20), written(21), error(410)),
                Ended(410),
                Told(end_of_initial(40)),
            ],
            ["stream", "stream 21", "stream", "stream 40"],
            ["all, after nothing", "21", "all, after 21"],
            id="begins anew with whatever there is",
        ),
        pytest.param(
            [Ended(400), "10", Told(written(11))],
            ["stream", "list 0", "watch 10", "watch 11"],
            ["11"],
            id="a server that streams no lists",
        ),
    ],
)
def test_with_a_stream(script, asked, seen):
    follower = play(True, *script)
    assert follower.asked == asked
    assert follower.seen == seen


def test_what_the_rest_client_sends_again_is_asked_for_once():
    script = ["10", Ended(Outcome.EOF), Ended(503, retry_after=2.0), Told(written(11))]
    follower = play(False, *script)
    assert follower.asked == ["list 0", "watch 10", "watch 11"]
    assert follower.pauses == [RETRY_S, 2.0]


def test_every_watch_is_closed():
    cut = Told(event("ADDED", 5), failure=Outcome.RESET)
    follower = play(True, cut, Told(end_of_initial(20), written(21)), Told(written(22)))
    assert follower.closed == 3
