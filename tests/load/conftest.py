"""A load's process as the runner starts it, against a server of known behaviour."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from behaving_server import SERVER_NAME, Certificate
from list_server import ListServer
from load_stage import PROFILE, Stage

from kubedrill.record.cluster import ClusterRecord, Endpoint, Identity
from kubedrill.record.folder import RunFolder


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.create(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[ListServer]:
    server = ListServer(certificate)
    yield server
    server.close()


@pytest.fixture
def stage(tmp_path: Path, server: ListServer, certificate: Certificate) -> Stage:
    folder = RunFolder.create(tmp_path / "reports", "test")
    identities = {}
    for index in range(8):
        token = tmp_path / f"token-{index}"
        token.write_text(f"token-{index}\n")
        identities[f"load-{index}"] = Identity(f"load-{index}", token_file=str(token))
    ClusterRecord(
        name="test",
        provider="local",
        zoning="loopback",
        zones=("a",),
        folder=str(tmp_path),
        balancer=Endpoint("127.0.0.1", server.port),
        ca_file=str(certificate.certificate),
        server_name=SERVER_NAME,
        components=(),
        identities=identities,
        capabilities=(),
        versions={},
    ).write(folder.cluster)
    return Stage(folder)


@pytest.fixture
def kubeconfig(tmp_path: Path, server: ListServer, certificate: Certificate) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: me}}}}]
clusters:
- name: test
  cluster:
    server: https://127.0.0.1:{server.port}/behind/a/gateway
    tls-server-name: {SERVER_NAME}
    certificate-authority: {certificate.certificate}
users: [{{name: me, user: {{token: secret}}}}]
"""
    )
    return path


@pytest.fixture
def locust(
    kubeconfig: Path, server: ListServer
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run `locust -f loadprofiles/mass_list.py` as a person would.

    To its own end; or, with a number of requests, `served`, until the server has answered so many.
    """

    def run(
        *arguments: str, profile: Path = PROFILE, served: int | None = None
    ) -> "subprocess.CompletedProcess[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", str(profile), *arguments],
            env={**os.environ, "KUBECONFIG": str(kubeconfig)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if served is not None:
            latest = time.monotonic() + 60
            while len(server.served) < served and process.poll() is None:
                assert time.monotonic() < latest
                time.sleep(0.05)
            process.terminate()  # as Ctrl-C: it sums up, and ends
        stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run
