"""A TLS server in a process of its own, with latencies known beforehand, evenly spread, and stalls.

    python latency_server.py CERTIFICATE KEY

Its first line on stdin are the delays in seconds, as JSON. Prints its port. Answers the n-th request that it
receives by the n-th delay later; what would be answered
in a stall (a line `START END` on stdin, monotonic ns) is answered at its end. Ends with stdin.
"""

import asyncio
import json
import os
import random
import ssl
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import ClassVar

from behaving_server import Certificate, head
from list_server import json_list

LOW, HIGH = 0.010, 2.0
"""Seconds."""

BODY = json_list("PodList", "", 1)
ANSWER = head(f"Content-Length: {len(BODY)}") + BODY


def delays(count: int) -> list[float]:
    """Return `count` delays in seconds, spread evenly, in an order that is known."""
    steps = [LOW + (HIGH - LOW) * (n + 0.5) / count for n in range(count)]
    random.Random(4).shuffle(steps)
    return steps


class LatencyServer:
    """The server as a test sees it."""

    def __init__(self, certificate: Certificate, planned: list[float]) -> None:
        arguments = [str(certificate.certificate), str(certificate.key)]
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process.stdin.write(f"{json.dumps(planned)}\n")
        self._process.stdin.flush()
        self.port = int(self._process.stdout.readline())

    def stall(self, start: int, end: int) -> None:
        """Answer nothing from `start` to `end`, monotonic ns, both still to come."""
        self._process.stdin.write(f"{start} {end}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


class _Serving(asyncio.Protocol):
    stalls: ClassVar[list[tuple[float, float]]] = []
    """Start and end, seconds of the monotonic clock, which is the loop's."""
    held: ClassVar[dict[float, list["_Serving"]]] = defaultdict(list)
    """Who is answered at the end of a stall."""
    planned: ClassVar[list[float]] = []

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            self._received = b""
            self._answer_at(asyncio.get_running_loop().time() + self.planned.pop())

    def _answer_at(self, due: float) -> None:
        for start, end in self.stalls:
            if start <= due < end:
                self.held[end].append(self)
                return
        # asyncio wakes up to 1 ms late.
        asyncio.get_running_loop().call_at(due - 0.001, self._answer, due)

    def _answer(self, due: float) -> None:
        while time.monotonic() < due:
            pass
        self._transport.write(ANSWER)

    @classmethod
    def stall(cls, start: float, end: float) -> None:
        """Know of a stall before it begins."""
        cls.stalls.append((start, end))
        asyncio.get_running_loop().call_at(end, cls._release, end)

    @classmethod
    def _release(cls, end: float) -> None:
        # Some hundred answers take a while, which shows most in those that have waited least.
        for waiting in reversed(cls.held[end]):
            waiting._answer(end)


async def _serve(certificate: str, key: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    _Serving.planned = json.loads(sys.stdin.readline())[::-1]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Serving, "127.0.0.1", 0, ssl=tls, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()

    def read() -> None:
        numbers = [int(word) / 1e9 for word in os.read(0, 4096).split()]
        for start, end in zip(numbers[::2], numbers[1::2], strict=True):
            _Serving.stall(start, end)
        if not numbers:
            ended.set()

    loop.add_reader(0, read)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
