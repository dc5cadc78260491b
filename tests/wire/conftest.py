"""Servers of known behaviour, and clients that ask them in each way in which wire is used."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from behaving_server import BehavingServer, Certificate

MEGABYTE = 2**20
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.create(tmp_path_factory.mktemp("wire"))


@pytest.fixture(scope="session")
def server(certificate: Certificate) -> Iterator[BehavingServer]:
    behaving = BehavingServer(certificate)
    yield behaving
    behaving.close()


@pytest.fixture(scope="session", params=["blocking", "gevent", "greenlet"])
def client(request: pytest.FixtureRequest) -> "Iterator[subprocess.Popen[str]]":
    script = Path(__file__).parent.parent / "shared" / "asking.py"
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(script), request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


@pytest.fixture
def ask(client, server: BehavingServer, certificate: Certificate) -> Ask:
    """Ask for paths; a test that asks also fails if the client keeps a descriptor, a connection or memory.

    `may_keep`: so many descriptors more than before; `may_grow`: so many MB at the most, at any time.
    """

    def put(*paths: str, **question: Any) -> list[dict[str, Any]]:
        defaults = {"port": server.port, "ca": str(certificate.certificate), "paths": paths}
        client.stdin.write(json.dumps({**defaults, **question}) + "\n")
        client.stdin.flush()
        said = json.loads(client.stdout.readline())
        assert said["leaked"] <= question.get("may_keep", 0)
        assert said["objects"] == 0
        assert said["grown"] <= question.get("may_grow", 4) * MEGABYTE
        if question.get("together"):
            said["answers"].append({"took_s": said["took_s"]})
        answers: list[dict[str, Any]] = said["answers"]
        return answers

    return put
