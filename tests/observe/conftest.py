"""A local TLS server whose behaviour is known and can be changed while it runs."""

import datetime
import json
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubedrill.process.child import Child
from kubedrill.record.clock import SECOND, ClockPair, now
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint, Identity
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Probing, Schedule, Scraping

SERVER_NAME = "kubernetes.test"
PATIENT_S = 10.0
"""For what is no test of a time limit: however slow the machine, an answer comes sooner."""


@dataclass
class Reply:
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class TlsServer:
    """HTTP/1.1 over TLS; `answers` until told to `stall` (accepts, says nothing) or to `refuse`."""

    def __init__(self, context: ssl.SSLContext, answer: Callable[[str, str, bytes], Reply]):
        self._context = context
        self._answer = answer
        self._going = threading.Event()
        self._going.set()
        self._open: set[socket.socket] = set()
        self.requests: list[tuple[int, str, str]] = []
        self.agents: set[str] = set()
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._serve()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port)

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        for one in list(self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self._serve()

    def stall(self) -> None:
        self._going.clear()

    def answers(self) -> None:
        self._going.set()

    def close(self) -> None:
        try:
            self.refuse()
        except OSError:
            pass
        self._going.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._talk, args=(plain,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        connection = plain
        try:
            self._going.wait()
            connection = self._context.wrap_socket(plain, server_side=True)
            self._open.add(connection)
            with connection.makefile("rb") as stream:
                while self._one(connection, stream):
                    pass
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()

    def _one(self, connection, stream) -> bool:
        line = stream.readline()
        if not line:
            return False
        method, path, _ = line.decode().split()
        headers = {}
        while (header := stream.readline().strip()) != b"":
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        self._going.wait()
        self.requests.append((now(), method, path))
        self.agents.add(headers.get("authorization", "certificate"))
        reply = self._answer(method, path, body)
        head = {"Content-Length": str(len(reply.body)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        connection.sendall(f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode() + reply.body)
        return True


class ProbeObject:
    """The ConfigMap that probes read and write; `cached` is what resourceVersion=0 returns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.version = 100
        self.frozen: int | None = None

    def freeze(self) -> None:
        with self._lock:
            self.frozen = self.version

    def thaw(self) -> None:
        with self._lock:
            self.frozen = None

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        with self._lock:
            if method == "PUT":
                assert json.loads(body)["metadata"]["name"] == "probe"
                self.version += 1
            version = self.version
            if path.endswith("resourceVersion=0") and self.frozen is not None:
                version = self.frozen
        metadata = {"name": "probe", "resourceVersion": str(version)}
        answer = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
        return Reply(json.dumps(answer, separators=(",", ":")).encode())


@dataclass(frozen=True)
class Pki:
    folder: Path

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.crt")

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        return context


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("ca", ca_key, "ca", ca_key, folder)
    for name in ("server", "prober", "scraper"):
        key = ec.generate_private_key(ec.SECP256R1())
        _certificate(name, key, ca, ca_key, folder)
    (folder / "victim.token").write_text("victims-token")
    return Pki(folder)


def _certificate(name, key, issuer, issuer_key, folder: Path) -> str:
    today = datetime.datetime.now(datetime.UTC)
    is_ca = name == issuer
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(minutes=5))
        .not_valid_after(today + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, is_ca, is_ca, False, False),
            critical=True,
        )
    )
    if not is_ca:
        names = [x509.DNSName(SERVER_NAME), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(issuer_key, hashes.SHA256())
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return name


@dataclass
class Local:
    """A run folder and a cluster record that point at local servers."""

    folder: RunFolder
    record: ClusterRecord
    children: list[Child] = field(default_factory=list)

    def launch(self, module: str) -> Child:
        self.record.write(self.folder.cluster)
        command = [sys.executable, "-m", module, "--run", str(self.folder.path)]
        child = Child.start(module, command, self.folder.logs / f"{module}.log")
        self.children.append(child)
        child.wait_ready(60)
        return child

    def start(self, module: str, schedule: Schedule) -> Child:
        child = self.launch(module)
        child.go({"schedule": schedule.as_dict()})
        return child

    def finish(self, child: Child) -> None:
        assert child.wait(60) == 0, child.log.read_text()
        assert child.log.read_text() == ""


@pytest.fixture
def server(pki: Pki) -> Iterator[Callable[[Callable[[str, str, bytes], Reply]], TlsServer]]:
    servers: list[TlsServer] = []

    def start(answer: Callable[[str, str, bytes], Reply]) -> TlsServer:
        servers.append(TlsServer(pki.context(), answer))
        return servers[-1]

    yield start
    for one in servers:
        one.close()


@pytest.fixture
def local(pki: Pki, tmp_path: Path) -> Iterator[Callable[..., Local]]:
    made: list[Local] = []

    def make(balancer: Endpoint, components: tuple[Component, ...] = ()) -> Local:
        folder = RunFolder.create(tmp_path, "drill")
        record = ClusterRecord(
            name="local",
            provider="test",
            zoning="loopback",
            zones=("a",),
            folder=str(tmp_path),
            balancer=balancer,
            ca_file=pki.ca,
            server_name=SERVER_NAME,
            components=components,
            identities={
                "prober": _with_certificate(pki, "prober"),
                "scraper": _with_certificate(pki, "scraper"),
                "victim": Identity("victim", token_file=str(pki.folder / "victim.token")),
            },
            capabilities=(),
            versions={},
        )
        made.append(Local(folder, record))
        return made[-1]

    yield make
    for one in made:
        for child in one.children:
            if child.poll() is None:
                child.process.send_signal(signal.SIGCONT)
                child.kill()
            child.end()
            child.process.stdout.close()


def _with_certificate(pki: Pki, name: str) -> Identity:
    return Identity(name, str(pki.folder / f"{name}.crt"), str(pki.folder / f"{name}.key"))


@pytest.fixture
def scheduled() -> Callable[..., Schedule]:
    def make(
        seconds: float, probing: Probing | None = None, scraping: Scraping | None = None
    ) -> Schedule:
        start = now() + SECOND
        return Schedule(
            experiment="drill",
            run="run",
            title="",
            why="",
            claim=None,
            cluster="local",
            clock=ClockPair.read(),
            phases=(Phase("baseline", start, start + int(seconds * SECOND)),),
            probing=probing or Probing(deadline_s=PATIENT_S),
            scraping=scraping or Scraping(),
        )

    return make


@pytest.fixture
def until() -> Callable[[int], None]:
    def wait(due: int) -> None:
        time.sleep(max(due - now(), 0) / SECOND)

    return wait


At = Callable[[int, Callable[[], object]], tuple[int, int]]


@pytest.fixture
def at(until: Callable[[int], None]) -> At:
    """Do something when it is due; return when it really began, and when it was done."""

    def do(due: int, something: Callable[[], object]) -> tuple[int, int]:
        until(due)
        begin = now()
        something()
        return begin, now()

    return do


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object]], None]:
    def wait(condition: Callable[[], object]) -> None:
        latest = now() + 60 * SECOND
        while not condition():
            assert now() < latest
            time.sleep(0.02)

    return wait


@pytest.fixture
def probe_object() -> ProbeObject:
    return ProbeObject()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
