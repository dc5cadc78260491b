"""A client in a process of its own: blocking, under gevent, or with the load's way of waiting.

Reads questions from stdin, a JSON line each, and answers each with a JSON line.
"""

import sys

MODE = sys.argv[1]
if MODE != "blocking":
    from gevent import monkey

    monkey.patch_all()

import gc  # noqa: E402
import json  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

from kubedrill.clock import SECOND, now  # noqa: E402
from kubedrill.record.cluster import Endpoint  # noqa: E402
from kubedrill.record.sample import outcome_name  # noqa: E402
from kubedrill.wire.connection import Connection  # noqa: E402
from kubedrill.wire.errors import WireError  # noqa: E402
from kubedrill.wire.request import prepare  # noqa: E402
from kubedrill.wire.response import Answer  # noqa: E402
from kubedrill.wire.target import Target, client_tls  # noqa: E402
from kubedrill.wire.tls_connection import TlsConnection  # noqa: E402
from kubedrill.wire.waiting import Polling  # noqa: E402

if MODE == "greenlet":
    from kubedrill.client.greenlets.waiting import GreenletWaiting

    WAITING = GreenletWaiting
else:
    WAITING = Polling


def ask(question: dict) -> list[dict]:
    """Send the question's paths, one after the other, on one connection as long as it lasts."""
    endpoint = Endpoint(question.get("host", "127.0.0.1"), question["port"], question.get("netns"))
    tls = client_tls(question["ca"])
    target = Target(endpoint, question.get("server_name", "kubernetes.test"), tls)
    answers, connection = [], None
    for path in question["paths"]:
        started = now()
        deadline = started + int(question.get("deadline_s", 5) * SECOND)
        try:
            if connection is None or not connection.is_alive():
                connection = Connection.open(target, deadline, WAITING)
            request = prepare(question.get("method", "GET"), path, "kubernetes.test")
            response = connection.exchange(request, deadline, question.get("keep_body", False))
        except WireError as error:
            answer = {"outcome": outcome_name(error.outcome), "says": str(error)}
            answer["first_byte"] = bool(error.first_byte)
        else:
            answer = {
                "outcome": response.status,
                "size": response.size,
                "head": response.head.decode(),
                "tail": response.tail.decode(),
                "body": response.body.decode(),
                "retry_after": response.retry_after,
                "closes": connection.closed,
                "first_byte": started < response.first_byte <= response.end,
            }
        answers.append({**answer, "took_s": (now() - started) / SECOND})
        if question.get("pause_s"):
            time.sleep(question["pause_s"])
    if connection is not None:
        connection.close()
    return answers


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def together(question: dict) -> list[dict]:
    """Ask once for each path, all at the same time."""
    answers: list = [None] * len(question["paths"])

    def ask_for(index: int) -> None:
        answers[index] = ask({**question, "paths": [question["paths"][index]]})[0]

    threads = [threading.Thread(target=ask_for, args=(index,)) for index in range(len(answers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def memory(field: str) -> int:
    """Return VmRSS (now) or VmHWM (the most since `forget_peak`) in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def kept_objects() -> int:
    """Return how many connections and answers are still there."""
    gc.collect()
    return sum(isinstance(found, (TlsConnection, Answer)) for found in gc.get_objects())


time.sleep(0.01)  # gevent opens its own descriptors

for line in sys.stdin:
    asked = json.loads(line)
    before = open_descriptors()
    forget_peak()
    resident = memory("VmRSS")
    begun = time.monotonic()
    result = (together if asked.get("together") else ask)(asked)
    took = time.monotonic() - begun
    leaked = open_descriptors() - before
    grown = memory("VmHWM") - resident
    said = {"answers": result, "leaked": leaked, "grown": grown, "took_s": took}
    said["objects"] = kept_objects()
    print(json.dumps(said), flush=True)
