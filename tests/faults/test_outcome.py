"""What Chaos Toolkit calls a success, and is none; each activity is played by Chaos Toolkit itself."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from chaoslib.activity import execute_activity

from kubedrill.faults.outcome import failure, failures


def played(**provider: Any) -> dict[str, Any]:
    activity = {"type": "action", "name": "inject 0: it", "provider": provider}
    return dict(execute_activity({}, activity, {}, {}, dry=None))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 0", None),
        ("echo fine; exit 3", "exit code 3: fine"),
        ("echo fine; echo no good >&2; exit 1", "exit code 1: no good"),
        ("kill -9 $$", "exit code -9: (nothing)"),
    ],
)
def test_a_program_succeeds_with_exit_code_0(script: str, why: str | None) -> None:
    run = played(type="process", path="sh", arguments=["-c", script])
    assert run["status"] == "succeeded"
    assert failure(run) == why
    expected = [] if why is None else [f"inject 0: it: {why}"]
    assert failures({"run": [run], "rollbacks": []}) == expected


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()
        self.wfile.write(b"as you\nwish")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "fails"), [(200, False), (404, True), (503, True)])
def test_a_request_succeeds_below_400(url: str, status: int, fails: bool) -> None:
    run = played(type="http", url=f"{url}/{status}")
    assert run["status"] == "succeeded"
    assert failure(run) == (f"the answer was {status}: as you wish" if fails else None)


def test_a_function_succeeds_unless_it_raises() -> None:
    plain = {"type": "python", "module": "plain_faults", "arguments": {"path": "it"}}
    assert failure(played(**plain, func="fail")) == (
        "failed: chaoslib.exceptions.ActivityFailed: RuntimeError: it cannot be broken"
    )
    assert failure(played(type="python", module="os", func="getpid")) is None
