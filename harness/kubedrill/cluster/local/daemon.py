"""The cluster's daemon: `python -m kubedrill.cluster.local.daemon FOLDER`.

It listens on `supervisor.sock` in the cluster's folder: a JSON line a request, a JSON line the answer.
It returns to the caller when the socket is there. Its death, by any signal, kills all components.
"""

import json
import os
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from kubedrill.cluster.local.files import Files
from kubedrill.cluster.local.programs import read_programs
from kubedrill.cluster.local.supervisor import Supervisor


class _Client:
    """One caller: reads its line, gives it to the supervisor, answers, hangs up."""

    def __init__(
        self, connection: socket.socket, supervisor: Supervisor, selector: selectors.BaseSelector
    ) -> None:
        self._connection = connection
        self._supervisor = supervisor
        self._selector = selector
        self._said = b""
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, self._read)

    def _read(self, _: int) -> None:
        try:
            piece = self._connection.recv(65536)
        except ConnectionError:
            piece = b""
        self._said += piece
        if piece and not self._said.endswith(b"\n"):
            return
        self._selector.unregister(self._connection)
        if not self._said:
            self._connection.close()
            return
        try:
            self._supervisor.answer(json.loads(self._said), self._reply)
        except (ValueError, KeyError, TypeError) as error:
            self._reply({"error": f"not a request: {error!r}"})

    def _reply(self, answer: dict[str, Any]) -> None:
        try:
            self._connection.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            pass  # the caller is gone; what it asked for is done
        self._connection.close()


def _listen() -> socket.socket:
    # Relative, since a socket's path may have no more than 107 bytes.
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(Files(Path()).socket.name)
    listener.listen(64)
    return listener


def serve(folder: Path, listener: socket.socket) -> None:
    """Supervise until killed."""
    selector = selectors.DefaultSelector()
    supervisor = Supervisor(folder, read_programs(folder), selector)

    def accept(_: int) -> None:
        _Client(listener.accept()[0], supervisor, selector)

    selector.register(listener, selectors.EVENT_READ, accept)
    while True:
        supervisor.save()
        for key, _ in selector.select(supervisor.wait_s()):
            key.data(key.fd)
        supervisor.start_due()


def main() -> None:
    """Bind the socket, leave the caller, serve."""
    folder = Path(sys.argv[1])
    os.chdir(folder)
    listener = _listen()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    serve(folder, listener)


if __name__ == "__main__":
    main()
