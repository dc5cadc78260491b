"""One connection is kept; a question is asked once more where that turns out to be broken, a call never."""

from collections.abc import Iterator

import pytest
from behaving_server import BODY, SERVER_NAME, BehavingServer, Certificate
from ports import free_port

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import Endpoint
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import Target, client_tls


@pytest.fixture
def caller(server: BehavingServer, certificate: Certificate) -> Iterator[Caller]:
    tls = client_tls(str(certificate.certificate))
    made = Caller(Target(Endpoint("127.0.0.1", server.port), SERVER_NAME, tls))
    yield made
    made.close()


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


def test_a_server_that_has_gone_refuses(certificate):
    tls = client_tls(str(certificate.certificate))
    caller = Caller(Target(Endpoint("127.0.0.1", free_port()), SERVER_NAME, tls))
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
