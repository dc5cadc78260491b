"""A webhook on this machine: keeps what it is told, and answers as a test wants."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """What it was told, and what it answers."""

    status: int = 200
    slow_s: float = 0.0
    """Between two bytes of its answer."""
    port: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, a secret in it."""
        return f"http://127.0.0.1:{self.port}/s3cret"


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve one for as long as this block lasts."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.told.append(json.loads(body))
            hook.headers.append(dict(self.headers))
            answer = f"HTTP/1.1 {hook.status} x\r\nLocation: /away\r\nContent-Length: 0\r\n\r\n"
            for byte in answer.encode() if hook.slow_s else [answer.encode()]:
                self.wfile.write(byte if isinstance(byte, bytes) else bytes([byte]))
                time.sleep(hook.slow_s)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
