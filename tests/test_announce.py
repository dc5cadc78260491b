"""Who is to be told before anything is injected is told, or nothing is injected; secrets stand in no file."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from one_profile import read as read_experiment

from kubedrill.announce import announce
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment
from kubedrill.record.notice import NotifyPart

TEXT = """\
title: t
why: w
cluster: local-3az
phases: {baseline: 10s, fault: 20s}
faults: [etcd.kill: {member: leader}]
slos: {fault: [availability >= 1%]}
"""


class Hook(BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    told: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.append({**json.loads(body), "secret": self.headers["Authorization"]})
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Hook, "told", [])
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def experiment(tmp_path: Any) -> Experiment:
    path = tmp_path / "x.yaml"
    path.write_text(TEXT)
    return read_experiment(path, ())


def test_it_is_told_what_will_happen_and_how_to_prevent_it(
    hook: str, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_TOKEN", "s3cret")
    wanted = NotifyPart(url=hook, headers={"Authorization": "Bearer ${DRILL_TOKEN}"}, pause=0.0)
    said = announce(wanted, experiment, "/r")
    [told] = Hook.told
    assert told["secret"] == "Bearer s3cret"
    assert told["faults"] == ["etcd.kill"]
    assert (told["cluster"], told["run"]) == ("local-3az", "/r")
    assert told["to_prevent_it"] == "kubedrill stop local-3az"
    assert "s3cret" not in said


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_who_refuses_was_not_told(
    hook: str, experiment: Experiment, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(Hook, "status", status)
    with pytest.raises(NotStarted, match=f"answered {status}; nobody was told"):
        announce(NotifyPart(url=hook, pause=0.0), experiment, "/r")
    assert len(Hook.told) == 1


def test_who_is_not_there_was_not_told(experiment: Experiment) -> None:
    with pytest.raises(NotStarted, match="refused; nobody was told"):
        announce(NotifyPart(url="http://127.0.0.1:1/", pause=0.0), experiment, "/r")


def test_a_secret_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRILL_TOKEN", raising=False)
    with pytest.raises(NotStarted, match="no variable DRILL_TOKEN"):
        NotifyPart(url="https://h/${DRILL_TOKEN}").resolved()
