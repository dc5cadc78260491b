"""A TLS server that does to each request what its path says: `/reset-mid-body`, `/stall` ..."""

import datetime
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SERVER_NAME = "kubernetes.test"
BODY = json.dumps({"kind": "PodList", "items": ["x" * 100] * 100}, separators=(",", ":")).encode()

Behaviour = Callable[[ssl.SSLSocket], bool]
"""Answers one request; whether the connection is kept."""


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path

    @classmethod
    def create(cls, folder: Path, name: str = SERVER_NAME) -> "Certificate":
        """Make a certificate that signs itself, for `name` and 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        names = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        certificate = cls(folder / f"{name}.pem", folder / f"{name}.key")
        certificate.certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        certificate.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def whole(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(f"Content-Length: {len(BODY)}") + BODY)
    return True


def in_chunks(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head("Transfer-Encoding: chunked"))
    for start in range(0, len(BODY), 1000):
        piece = BODY[start : start + 1000]
        connection.sendall(f"{len(piece):x};a=b\r\n".encode() + piece + b"\r\n")
    connection.sendall(b"0\r\nX-Trailer: 1\r\n\r\n")
    return True


def byte_by_byte(connection: ssl.SSLSocket) -> bool:
    for byte in head("Transfer-Encoding: chunked") + b"5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n":
        connection.sendall(bytes([byte]))
        time.sleep(0.001)
    return True


def large(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(f"Content-Length: {len(BODY) * 1000}") + BODY * 1000)
    return True


def until_close(connection: ssl.SSLSocket) -> bool:
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)
    connection.unwrap()
    return False


def until_cut(connection: ssl.SSLSocket) -> bool:
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)
    return False


def close_after(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head("Content-Length: 2", "Connection: close") + b"ok")
    return False


def close_silently_after(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head("Content-Length: 2") + b"ok")
    return False


def interim(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(status="100 Continue") + head("Content-Length: 2") + b"ok")
    return True


def no_content(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(status="204 No Content"))
    return True


def too_many(connection: ssl.SSLSocket) -> bool:
    lines = ("Content-Length: 2", "Retry-After: 3")
    connection.sendall(head(*lines, status="429 Too Many Requests") + b"no")
    return True


def too_many_at_once(connection: ssl.SSLSocket) -> bool:
    lines = ("Content-Length: 2", "Retry-After: 0")
    connection.sendall(head(*lines, status="429 Too Many Requests") + b"no")
    return True


def reset_at_close(connection: socket.socket) -> None:
    """Let the peer see a reset, not an end, once this is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_mid_body(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(f"Content-Length: {len(BODY)}") + BODY[:100])
    reset_at_close(connection)
    time.sleep(0.05)  # what is unread at the reset is lost with it
    return False


def eof_mid_body(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(f"Content-Length: {len(BODY)}") + BODY[:100])
    return False


def orderly_eof_mid_body(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(f"Content-Length: {len(BODY)}") + BODY[:100])
    connection.unwrap()
    return False


def eof_mid_head(connection: ssl.SSLSocket) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    return False


def eof_mid_chunk(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head("Transfer-Encoding: chunked") + b"10\r\nabc")
    return False


def eof_before(connection: ssl.SSLSocket) -> bool:
    return False


def stall(connection: ssl.SSLSocket) -> bool:
    time.sleep(2)
    return False


def stall_mid_body(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(f"Content-Length: {len(BODY)}") + BODY[:100])
    return stall(connection)


def never_ending(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head("Transfer-Encoding: chunked"))
    while True:  # until the client is gone
        connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")


def slow(connection: ssl.SSLSocket) -> bool:
    time.sleep(0.3)
    return whole(connection)


def length_too_small_later(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head("Content-Length: 2") + b"ok")
    time.sleep(0.3)  # else it comes with the answer
    connection.sendall(b"!")
    return True


def length_too_large(connection: ssl.SSLSocket) -> bool:
    connection.sendall(head(f"Content-Length: {len(BODY) + 1}") + BODY)
    return True  # and waits for the next request


BAD_RECORD = b"\x17\x03\x03\x00\x20" + b"x" * 32
"""What no key has encrypted."""


def at_once(connection: ssl.SSLSocket, data: bytes, last: Callable[[], object]) -> bool:
    """Send `data` and what `last` sends in one segment, and wait for the client to close."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    connection.sendall(data)
    last()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    connection.settimeout(2)
    socket.socket.recv(connection, 1)
    return False


def bad_record(data: bytes) -> Behaviour:
    def behaviour(connection: ssl.SSLSocket) -> bool:
        return at_once(connection, data, lambda: socket.socket.sendall(connection, BAD_RECORD))

    return behaviour


def goodbye(data: bytes) -> Behaviour:
    def behaviour(connection: ssl.SSLSocket) -> bool:
        def say_goodbye() -> None:
            connection.settimeout(0.01)
            try:
                connection.unwrap()
            except OSError:
                pass  # the client says nothing

        return at_once(connection, data, say_goodbye)

    return behaviour


def malformed(data: bytes) -> Behaviour:
    def behaviour(connection: ssl.SSLSocket) -> bool:
        connection.sendall(data)
        time.sleep(0.5)
        return False

    return behaviour


OK = head("Content-Length: 2") + b"ok"
BEGUN = head(f"Content-Length: {len(BODY)}") + BODY[:100]
CHUNKED = head("Transfer-Encoding: chunked")
BEHAVIOURS: dict[str, Behaviour] = {
    "/whole": whole,
    "/in-chunks": in_chunks,
    "/byte-by-byte": byte_by_byte,
    "/large": large,
    "/until-close": until_close,
    "/until-cut": until_cut,
    "/close-after": close_after,
    "/close-silently-after": close_silently_after,
    "/interim": interim,
    "/no-content": no_content,
    "/too-many": too_many,
    "/too-many-at-once": too_many_at_once,
    "/reset-mid-body": reset_mid_body,
    "/eof-mid-body": eof_mid_body,
    "/orderly-eof-mid-body": orderly_eof_mid_body,
    "/eof-mid-head": eof_mid_head,
    "/eof-mid-chunk": eof_mid_chunk,
    "/eof-before": eof_before,
    "/stall": stall,
    "/stall-mid-body": stall_mid_body,
    "/never-ending": never_ending,
    "/slow": slow,
    "/length-too-small-later": length_too_small_later,
    "/length-too-large": length_too_large,
    "/bad-record-after": bad_record(OK),
    "/bad-record-mid-body": bad_record(BEGUN),
    "/goodbye-after": goodbye(OK),
    "/goodbye-mid-body": goodbye(BEGUN),
    "/not-http": malformed(b"220 mail.example ESMTP\r\n"),
    "/bad-status": malformed(b"HTTP/1.1 abc\r\n\r\n"),
    "/http-2": malformed(b"HTTP/2.0 200 OK\r\n\r\n"),
    "/endless-head": malformed(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: 1\r\n" * 10_000),
    "/bad-chunk": malformed(CHUNKED + b"xyz\r\nabc\r\n0\r\n\r\n"),
    "/negative-chunk": malformed(CHUNKED + b"-5\r\nabc\r\n0\r\n\r\n"),
    "/chunk-too-long": malformed(CHUNKED + b"2\r\nabcd\r\n0\r\n\r\n"),
    "/endless-chunk-line": malformed(CHUNKED + b"1" * 10_000),
    "/bad-length": malformed(head("Content-Length: -1") + b"abc"),
    "/length-too-small": malformed(head("Content-Length: 2") + b"abc"),
    "/switching": malformed(head(status="101 Switching Protocols")),
    "/unknown-coding": malformed(head("Transfer-Encoding: gzip") + b"abc"),
}


class BehavingServer:
    def __init__(
        self,
        certificate: Certificate,
        listener: socket.socket | None = None,
        newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> None:
        self._context = certificate.context()
        self._context.maximum_version = newest
        self.met: list[tuple[str | None, bytes | None]] = []
        """Of each connection, the version of TLS and the certificate of the client, DER."""
        self._listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def demand(self, authority: Path) -> None:
        """Take only clients with a certificate that this authority vouches for, from now on."""
        self._context.load_verify_locations(authority)
        self._context.verify_mode = ssl.CERT_REQUIRED

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._talk, args=(plain,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        try:
            # suppress_ragged_eofs: clients need not say goodbye.
            with self._context.wrap_socket(plain, server_side=True) as connection:
                plain = connection
                self.met.append((connection.version(), connection.getpeercert(binary_form=True)))
                while self._one(connection):
                    pass
        except OSError:
            pass
        finally:
            plain.close()

    def _one(self, connection: ssl.SSLSocket) -> bool:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return False
            request += piece
        return self.answer(connection, request)

    def answer(self, connection: ssl.SSLSocket, request: bytes) -> bool:
        path = request.split()[1].decode().partition("?")[0]
        return BEHAVIOURS[path](connection)
