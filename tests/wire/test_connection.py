"""What comes of each kind of answer and failure, on real sockets."""

import socket
import ssl
import subprocess
import threading
import uuid

import pytest
from behaving_server import BODY, BehavingServer, Certificate
from ports import free_port

from kubedrill.wire.namespace import open_socket


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/whole", len(BODY)),
        ("/in-chunks", len(BODY)),
        ("/until-close", len(BODY)),
        ("/byte-by-byte", 8),
        ("/interim", 2),
        ("/no-content", 0),
        ("/large", len(BODY) * 1000),
    ],
)
def test_whole_answers(ask, path, size):
    (answer,) = ask(path)
    assert answer["outcome"] in {200, 204}
    assert answer["size"] == size
    assert answer["first_byte"]


@pytest.mark.parametrize("path", ["/whole", "/in-chunks", "/large"])
def test_the_ends_of_a_body_are_kept(ask, path):
    (answer,) = ask(path)
    assert answer["head"] == BODY[:16].decode()
    assert answer["tail"] == BODY[-16:].decode()
    assert answer["body"] == ""


@pytest.mark.parametrize("path", ["/whole", "/in-chunks", "/until-close"])
def test_a_body_is_kept_when_asked_for(ask, path):
    (answer,) = ask(path, keep_body=True)
    assert answer["body"] == BODY.decode()


def test_ends_of_a_short_body(ask):
    (answer,) = ask("/byte-by-byte", keep_body=True)
    assert (answer["head"], answer["tail"], answer["body"]) == ("helloyou",) * 3


def test_head_has_no_body(ask):
    # The server sends one; with HEAD it is not part of the answer, and so it is too much.
    (answer,) = ask("/no-content", method="HEAD")
    assert (answer["outcome"], answer["size"]) == (204, 0)


def test_one_connection_carries_many_requests(ask, server):
    before = server.accepted
    answers = ask("/whole", "/in-chunks", "/too-many", "/no-content", "/large", "/whole")
    assert [answer["outcome"] for answer in answers] == [200, 200, 429, 204, 200, 200]
    assert server.accepted == before + 1


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_the_newest_tls_that_the_server_has(ask, certificate, newest):
    server = BehavingServer(certificate, newest=newest)
    (answer,) = ask("/whole", port=server.port)
    server.close()
    assert answer["outcome"] == 200
    assert [version for version, _ in server.met] == [newest.name.replace("_", ".")]


def test_retry_after(ask):
    (answer,) = ask("/too-many")
    assert (answer["outcome"], answer["retry_after"]) == (429, 3.0)


def test_a_server_that_says_close_is_believed(ask, server):
    before = server.accepted
    answers = ask("/close-after", "/whole")
    assert answers[0]["closes"]
    assert [answer["outcome"] for answer in answers] == [200, 200]
    assert server.accepted == before + 2


def test_an_idle_connection_that_was_closed_is_not_used_again(ask, server):
    before = server.accepted
    answers = ask("/close-silently-after", "/whole", pause_s=0.1)
    assert [answer["outcome"] for answer in answers] == [200, 200]
    assert server.accepted == before + 2


@pytest.mark.parametrize("path", ["/bad-record-after", "/goodbye-after"])
def test_what_comes_with_the_end_of_an_answer_ends_the_connection_only(ask, server, path):
    before = server.accepted
    answers = ask(path, "/whole", deadline_s=1)
    assert [answer["outcome"] for answer in answers] == [200, 200]
    assert server.accepted == before + 2


@pytest.mark.parametrize(
    ("path", "outcome", "first_byte"),
    [
        ("/reset-mid-body", "reset", True),
        ("/eof-mid-body", "eof", True),
        ("/orderly-eof-mid-body", "eof", True),
        ("/eof-mid-head", "eof", True),
        ("/eof-mid-chunk", "eof", True),
        ("/until-cut", "eof", True),
        ("/bad-record-mid-body", "tls", True),
        ("/eof-before", "eof", False),
        ("/not-http", "malformed", True),
        ("/bad-status", "malformed", True),
        ("/http-2", "malformed", True),
        ("/endless-head", "malformed", True),
        ("/bad-chunk", "malformed", True),
        ("/negative-chunk", "malformed", True),
        ("/chunk-too-long", "malformed", True),
        ("/endless-chunk-line", "malformed", True),
        ("/bad-length", "malformed", True),
        ("/length-too-small", "malformed", True),
        ("/switching", "malformed", True),
        ("/unknown-coding", "malformed", True),
    ],
)
def test_failures_have_their_class(ask, path, outcome, first_byte):
    (answer,) = ask(path)
    assert (answer["outcome"], answer["first_byte"]) == (outcome, first_byte)


@pytest.mark.parametrize(
    ("path", "first_byte"), [("/stall", False), ("/stall-mid-body", True), ("/never-ending", True)]
)
def test_the_deadline_covers_the_whole_exchange(ask, path, first_byte):
    (answer,) = ask(path, deadline_s=0.4)
    assert (answer["outcome"], answer["first_byte"]) == ("timeout", first_byte)
    assert 0.35 < answer["took_s"] < 4


def test_slow_bytes_do_not_push_the_deadline_back(ask):
    (answer,) = ask("/byte-by-byte", deadline_s=0.05)
    assert answer["outcome"] == "timeout"


def test_a_kept_connection_closed_before_the_first_byte(ask):
    answers = ask("/whole", "/eof-before", "/whole")
    assert [answer["outcome"] for answer in answers] == [200, "eof", 200]


def test_nobody_waits_for_another(ask):
    *answers, whole = ask(*["/slow"] * 24, together=True, may_keep=48, may_grow=16)
    assert [answer["outcome"] for answer in answers] == [200] * 24
    assert whole["took_s"] < 24 * 0.3  # as long as they take one after the other


def test_bodies_received_together_do_not_mix(ask):
    paths = ["/large", "/in-chunks", "/whole", "/large", "/byte-by-byte", "/in-chunks"]
    *answers, _ = ask(*paths, together=True, may_keep=16)
    sizes = {"/large": len(BODY) * 1000, "/byte-by-byte": 8}
    assert [answer["size"] for answer in answers] == [sizes.get(path, len(BODY)) for path in paths]
    assert [answer["tail"] for answer in answers if answer["size"] > 8] == [BODY[-16:].decode()] * 5


def test_refused(ask):
    (answer,) = ask("/whole", port=free_port())
    assert answer["outcome"] == "refused"


def test_unreachable(ask):
    (answer,) = ask("/whole", host="255.255.255.255")
    assert answer["outcome"] == "unreachable"


def test_a_name_that_does_not_resolve(ask):
    (answer,) = ask("/whole", host="no-such-host.invalid", may_keep=4)
    assert answer["outcome"] == "unreachable"


def test_a_name_that_resolves(ask, server):
    (answer,) = ask("/whole", host="localhost", may_keep=4)
    assert answer["outcome"] == 200


def test_a_certificate_for_another_name(ask):
    (answer,) = ask("/whole", server_name="kubernetes.other")
    assert answer["outcome"] == "tls"
    assert "CERTIFICATE_VERIFY_FAILED" in answer["says"]


def test_a_certificate_that_nobody_vouches_for(ask, tmp_path):
    other = Certificate.create(tmp_path, "kubernetes.test")
    (answer,) = ask("/whole", ca=str(other.certificate))
    assert answer["outcome"] == "tls"


@pytest.fixture
def raw_server(request):
    """Does one thing, the parameter, to a connection's plain socket."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            if request.param == "speak":
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            if request.param != "hang up":
                connection.settimeout(10)
                try:
                    while connection.recv(65536):
                        pass
                except TimeoutError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    thread.join()
    listener.close()


@pytest.mark.parametrize(
    ("raw_server", "outcomes"),
    [("speak", {"tls"}), ("hang up", {"eof", "reset"}), ("say nothing", {"timeout"})],
    indirect=["raw_server"],
)
def test_no_tls_handshake(ask, raw_server, outcomes):
    (answer,) = ask("/whole", port=raw_server, deadline_s=0.4)
    assert answer["outcome"] in outcomes
    assert answer["took_s"] < 5


@pytest.fixture
def namespace():
    """A network namespace with nothing but its loopback."""
    name = f"kubedrill-{uuid.uuid4().hex[:8]}"

    def make() -> None:
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)

    try:
        make()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("network namespaces are not permitted here")
    yield name, make
    subprocess.run(["ip", "netns", "del", name], check=True)


def in_namespace(name: str, certificate: Certificate) -> BehavingServer:
    listener = socket.socket(fileno=open_socket(socket.AF_INET, name).detach())
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return BehavingServer(certificate, listener)


def test_another_network_namespace(ask, namespace, certificate):
    name, make = namespace
    for _ in range(2):  # the second time it has been made again, under the same name
        server = in_namespace(name, certificate)
        inside, outside = (
            ask("/whole", port=server.port, netns=netns, may_keep=1)[0] for netns in (name, None)
        )
        server.close()
        assert (inside["outcome"], outside["outcome"]) == (200, "refused")
        subprocess.run(["ip", "netns", "del", name], check=True)
        make()


def test_no_local_port_is_left(ask, namespace, certificate):
    name, _ = namespace
    ports = "net.ipv4.ip_local_port_range=40000 40003"
    subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", ports], check=True)
    server = in_namespace(name, certificate)
    *answers, _ = ask(*["/slow"] * 8, port=server.port, netns=name, together=True, may_keep=16)
    server.close()
    assert {answer["outcome"] for answer in answers} == {200, "no_port"}
    assert [answer["outcome"] for answer in answers].count(200) <= 4


def test_a_namespace_that_is_not_there(ask):
    (answer,) = ask("/whole", netns="kubedrill-no-such")
    assert answer["outcome"] == "unreachable"
