"""One connection is kept; a question is asked once more where that turns out to be broken, a call never."""

from collections.abc import Callable

import pytest
from behaving_server import BODY, BehavingServer
from ports import free_port

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError


@pytest.fixture
def caller(server: BehavingServer, caller_to: Callable[[int], Caller]) -> Caller:
    return caller_to(server.port)


def ask(caller: Caller, path: str):
    return caller.ask(caller.request("GET", path), now() + 5 * SECOND)


def test_one_connection_serves_all_calls(caller, server):
    for _ in range(5):
        assert caller.call("GET", "/whole").body == BODY
    assert server.accepted == 1


@pytest.mark.parametrize(
    ("asked", "connections"), [(Caller.ask, 2), (Caller.exchange, 1)], ids=["ask", "exchange"]
)
def test_only_a_question_is_sent_again(caller, server, asked, connections):
    caller.call("GET", "/whole")
    with pytest.raises(WireError) as failure:
        asked(caller, caller.request("GET", "/eof-before"), now() + 5 * SECOND)
    assert failure.value.outcome == Outcome.EOF
    assert server.accepted == connections


def test_what_breaks_on_a_new_connection_is_an_answer(caller, server):
    with pytest.raises(WireError) as failure:
        ask(caller, "/eof-before")
    assert failure.value.outcome == Outcome.EOF
    assert server.accepted == 1


def test_what_has_been_silent_for_too_long_is_not_asked_again(caller, server):
    ask(caller, "/whole")
    with pytest.raises(WireError) as failure:
        caller.ask(caller.request("GET", "/stall"), now() + SECOND // 5)
    assert failure.value.outcome == Outcome.TIMEOUT
    assert server.accepted == 1


def test_a_server_that_has_gone_refuses(caller_to):
    caller = caller_to(free_port())
    with pytest.raises(WireError) as failure:
        ask(caller, "/whole")
    assert failure.value.outcome == Outcome.REFUSED
    assert caller.bytes_in == 0


def test_bytes_are_counted_over_all_connections(caller):
    counts = []
    for path in ("/whole", "/close-after", "/whole"):
        ask(caller, path)
        counts.append(caller.bytes_in)
    handshake = counts[2] - counts[1] - len(BODY)
    assert counts[0] > len(BODY) + 1000
    assert handshake > 1000, "that of the second connection"
    caller.close()
    assert caller.bytes_in == counts[2]
