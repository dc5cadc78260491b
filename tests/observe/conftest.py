"""Prober and scraper as their own processes, against servers whose behaviour is known."""

import datetime
import signal
import ssl
import sys
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
from tls_server import ProbeObject, Reply, TlsServer

from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.process.child import Child
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint, Identity
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Probing, Schedule, Scraping

SERVER_NAME = "kubernetes.test"
PATIENT_S = 10.0
"""For what is no test of a time limit: however slow the machine, an answer comes sooner."""


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
    for name in ("server", "prober", "scraper", "auditor"):
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
    for made in servers:
        made.close()


@pytest.fixture
def local(pki: Pki, tmp_path: Path) -> Iterator[Callable[..., Local]]:
    made: list[Local] = []

    def make(balancer: Endpoint, components: tuple[Component, ...] = ()) -> Local:
        folder = RunFolder.create(tmp_path, "drill")
        record = ClusterRecord(
            name="local",
            provider="local",
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
                "auditor": _with_certificate(pki, "auditor"),
                "victim": Identity("victim", token_file=str(pki.folder / "victim.token")),
            },
            capabilities=(),
            versions={},
        )
        made.append(Local(folder, record))
        return made[-1]

    yield make
    for drill in made:
        for child in drill.children:
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
        start = now() + 2 * SECOND  # on a slow machine the process needs its time
        return Schedule(
            experiment="drill",
            run="run",
            title="",
            why="",
            claim=None,
            cluster="local",
            clock=ClockPair.read(),
            phases=(Phase("baseline", start, start + int(seconds * SECOND)),),
            probing=probing or Probing(deadline=PATIENT_S),
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
