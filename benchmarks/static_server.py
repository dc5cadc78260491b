"""TLS servers that answer the same each time: HAProxy, which drills need anyway, and nginx for much."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubedrill.record.cluster import ClusterRecord, Endpoint, Identity
from kubedrill.wire.pki import Authority

BODY = 1024
HOST = "127.0.0.1"
STARTING_S = 5.0
USERS = 8

_CONFIG = """
global
    maxconn 1000
    nbthread 1
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 1s
    timeout http-keep-alive 30s
frontend static
    bind {host}:{port} ssl crt {pem} alpn http/1.1
    http-request return status 200 content-type application/json file {body} {headers}
"""

HEADERS = {
    "Audit-Id": "6f1c3a70-5f0e-4d28-9f39-c6a8f4f0c7f1",
    "Cache-Control": "no-cache, private",
    "X-Kubernetes-Pf-Flowschema-Uid": "0b3f8a3c-6a0e-4a52-8a60-1d9ce0a4f3f8",
    "X-Kubernetes-Pf-Prioritylevel-Uid": "3d9b7a1e-43a1-4b1f-9a5d-0f6c3d5b8e21",
    "Date": "Mon, 05 Jan 2026 12:00:00 GMT",
}
"""What an apiserver sends beside type and length: parsing them is a part of a client's work."""

TOKEN = "x" * 1100
"""A ServiceAccount's token is about that long."""


@dataclass(frozen=True, slots=True)
class StaticServer:
    """The running server."""

    port: int
    ca_file: Path
    folder: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://{HOST}:{self.port}"

    def as_cluster(self, users: int = USERS) -> ClusterRecord:
        """Return it as a cluster whose API a load of so many users may press."""
        token = self.folder / "token"
        token.write_text(f"{TOKEN}\n")
        names = [f"load-{number}" for number in range(users)]
        return ClusterRecord(
            name="static",
            provider="local",
            zoning="loopback",
            zones=("a",),
            folder=str(self.folder),
            balancer=Endpoint(HOST, self.port),
            ca_file=str(self.ca_file),
            server_name=HOST,
            components=(),
            identities={name: Identity(name, token_file=str(token)) for name in names},
            capabilities=(),
            versions={},
        )


@contextmanager
def static_server(folder: Path) -> Iterator[StaticServer]:
    """Run the server for a while; RuntimeError if it does not start."""
    authority = Authority(folder, "benchmark")
    pair = authority.server("server", (HOST,))
    pem = folder / "server.pem"
    pem.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    (folder / "body").write_bytes(b"x" * BODY)
    port = free_port()
    config = folder / "haproxy.cfg"
    headers = " ".join(f'hdr {name} "{value}"' for name, value in HEADERS.items())
    files = {"pem": pem, "body": folder / "body"}
    config.write_text(_CONFIG.format(host=HOST, port=port, headers=headers, **files))
    program = shutil.which("haproxy") or "haproxy"
    with running([program, "-db", "-f", str(config)], port):
        yield StaticServer(port, authority.file, folder)


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a server for a while; RuntimeError if it does not listen on `port` soon.

    It has one CPU to itself, where there are two, and clients have all others: what a client costs then does
    not depend on where the kernel happens to put the server.
    """
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[:1])
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(0, cpus[1:] or cpus)
    try:
        _wait(process, port)
        yield
    finally:
        os.sched_setaffinity(0, cpus)
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + STARTING_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"did not start: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])
