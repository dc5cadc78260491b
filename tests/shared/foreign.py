"""A foreign API server, to which all that a user's environment says leads; it counts who comes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CONTEXT = "production"


class _Answer(BaseHTTPRequestHandler):
    seen: list[str]

    def answer(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        self.send_response(403)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_CONNECT = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def foreign(home: Path, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let everything in the environment lead to another API server; yield what is asked of it."""
    seen: list[str] = []
    handler = type("Answer", (_Answer,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        _point_at(server.server_port, home, patch)
        yield seen
        server.shutdown()
        thread.join()


def _point_at(port: int, home: Path, patch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{port}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": url}}],
        "users": [{"name": CONTEXT, "user": {"token": "t"}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }
    settings = home / ".chaostoolkit" / "settings.yaml"
    for path in (home / ".kube" / "config", home / "kubeconfig"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config))
    settings.parent.mkdir()
    settings.write_text(json.dumps({"runtime": {"rollbacks": {"strategy": "default"}}}))
    for name, value in {
        "HOME": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "KUBERNETES_CONTEXT": CONTEXT,
        "KUBERNETES_HOST": url,
        "KUBERNETES_API_KEY": "t",
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(port),
        "CHAOSTOOLKIT_IN_POD": "true",
        "HTTP_PROXY": url,
        "HTTPS_PROXY": url,
    }.items():
        patch.setenv(name, value)
