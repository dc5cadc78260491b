"""A cluster's daemon, whatever it keeps: it listens on `supervisor.sock` in the cluster's folder.

A JSON line a request, a JSON line the answer. It returns to the caller when the socket is there.
"""

import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from kubedrill.cluster.files import Files
from kubedrill.cluster.requests import Reply, Request
from kubedrill.cluster.state import MARK
from kubedrill.process.environment import environment


class Keeper(Protocol):
    """What a daemon keeps in its state. It is called by one thread, and must not block."""

    def answer(self, request: Request, reply: Reply) -> None:
        """Do what is asked for and reply, at once or later."""
        ...

    def wait_s(self) -> float | None:
        """Return for how long nothing is due; None if nothing is due at all."""
        ...

    def do_due(self) -> None:
        """Do what is due."""
        ...

    def save(self) -> None:
        """Write down what has changed."""
        ...


class _Client:
    """One caller: reads its line, gives it to the keeper, answers, hangs up."""

    def __init__(
        self, connection: socket.socket, keeper: Keeper, selector: selectors.BaseSelector
    ) -> None:
        self._connection = connection
        self._keeper = keeper
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
            self._keeper.answer(json.loads(self._said), self._reply)
        except (ValueError, KeyError, TypeError) as error:
            self._reply({"error": f"not a request: {error!r}"})

    def _reply(self, answer: dict[str, Any]) -> None:
        try:
            self._connection.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            pass  # the caller is gone; what it asked for is done
        self._connection.close()


def start(module: str, folder: Path, *, engine: bool = False) -> str:
    """Start the daemon of a folder's cluster, a module, and return once it listens; else what it said.

    `engine`: it may know of a container engine.
    """
    log = Files(folder).log("supervisor")
    with log.open("ab") as file:
        done = subprocess.run(
            [sys.executable, "-m", module, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            env={**environment(folder, engine), MARK: str(folder)},
            check=False,
        )
    if done.returncode == 0:
        return ""
    return log.read_text(encoding="utf-8", errors="replace") or f"exit code {done.returncode}"


def listen() -> socket.socket:
    """Listen in the folder that is ours."""
    # Relative, since a socket's path may have no more than 107 bytes.
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(Files(Path()).socket.name)
    listener.listen(64)
    return listener


def leave_caller() -> None:
    """Go on as a process of one's own, which hears of no terminal; the caller goes on, too."""
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def serve(listener: socket.socket, make: Callable[[selectors.BaseSelector], Keeper]) -> None:
    """Keep what `make` makes until killed."""
    selector = selectors.DefaultSelector()
    keeper = make(selector)

    def accept(_: int) -> None:
        _Client(listener.accept()[0], keeper, selector)

    selector.register(listener, selectors.EVENT_READ, accept)
    while True:
        keeper.save()
        for key, _ in selector.select(keeper.wait_s()):
            key.data(key.fd)
        keeper.do_due()


def serve_alone(make: Callable[[Path, selectors.BaseSelector], Keeper]) -> None:
    """Be the daemon of the folder that the command line names, which whoever misses it starts.

    There is one at a time: another one that is started meanwhile leaves again.
    """
    folder = Path(sys.argv[1])
    os.chdir(folder)
    alone = Path("daemon.lock").open("ab")  # noqa: SIM115 - held until the end
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    Path(Files(Path()).socket.name).unlink(missing_ok=True)  # of one that was killed
    listener = listen()
    leave_caller()
    serve(listener, partial(make, folder))
