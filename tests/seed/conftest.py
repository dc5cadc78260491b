"""An API that says what a test wants it to say, over TLS."""

import datetime
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubedrill.record.cluster import ClusterRecord, Endpoint, Identity

NAME = "kubernetes.test"


class ScriptedApi(ThreadingHTTPServer):
    """Answers with the statuses of `script`, one a request, then 201; 0 closes without an answer."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.script: list[int] = []
        self.retry_after: str | None = None
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)
        status = self.server.script.pop(0) if self.server.script else 201
        if not status:
            self.close_connection = True
            return
        body = b'{"message":"as told"}'
        self.send_response(status)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(minutes=5))
        .not_valid_after(today + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


@pytest.fixture
def scripted(certificate: Path) -> Iterator[ScriptedApi]:
    server = ScriptedApi(certificate)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def record_of(certificate: Path, tmp_path: Path) -> Callable[[int], ClusterRecord]:
    """Return the record of a cluster whose balancer is that port."""

    def make(port: int) -> ClusterRecord:
        token = tmp_path / "token"
        token.write_text("seeders-token")
        return ClusterRecord(
            name="x",
            provider="test",
            zoning="loopback",
            zones=("a",),
            folder=str(tmp_path),
            balancer=Endpoint("127.0.0.1", port),
            ca_file=str(certificate / "server.crt"),
            server_name=NAME,
            components=(),
            identities={
                name: Identity(name, token_file=str(token)) for name in ("seeder", "admin")
            },
            capabilities=(),
            versions={},
        )

    return make
