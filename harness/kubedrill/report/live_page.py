"""Report: the page of a running drill's metrics, on a port that was asked for."""

import socket
import threading
from collections.abc import Iterable
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from kubedrill.errors import NotStarted
from kubedrill.record.live import LiveFigures
from kubedrill.record.schedule import Schedule
from kubedrill.report.live_metrics import metrics

_PATIENCE_S = 5
"""Who connects and asks nothing is hung up on."""


class LivePage(Collector):
    """Listens from its making until its `with` block ends; NotStarted if it cannot.

    It shows the figures that it was told last, of the drill that runs; between drills nothing.
    """

    def __init__(self, host: str, port: int) -> None:
        self._told: tuple[Schedule, LiveFigures] | None = None
        registry = CollectorRegistry()
        registry.register(self)
        kind = _ServerOfIPv6 if ":" in host else _Server
        try:
            self._server = make_server(host, port, make_wsgi_app(registry), kind, _Request)
        except OSError as error:
            raise NotStarted(
                f"--metrics-port: cannot listen on {host}, port {port} ({error.strerror}); "
                "choose another one, or 0 for any that is free"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it is: `http://127.0.0.1:9464/metrics`."""
        host, port = self._server.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}/metrics"

    def __enter__(self) -> "LivePage":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def show(self, plan: Schedule, figures: LiveFigures) -> None:
        """Show these figures in place of the last ones."""
        self._told = (plan, figures)

    def clear(self) -> None:
        """Show nothing: no drill runs."""
        self._told = None

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of now."""
        told = self._told  # another thread's
        return [*metrics(*told)] if told else []


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_port = False
    """A port that somebody else listens on is taken."""

    def server_bind(self) -> None:
        # Without looking up our own name, which may take its time.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a reader that went away: the terminal is the drill's."""


class _ServerOfIPv6(_Server):
    address_family = socket.AF_INET6


class _Request(WSGIRequestHandler):
    timeout = _PATIENCE_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so it is called
        """Say nothing of those who ask."""
