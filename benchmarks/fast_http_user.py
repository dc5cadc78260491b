"""The same GETs by Locust's FastHttpUser, closed-loop; prints what it did as a line of JSON."""

import json
import os
import ssl
import time

import gevent
from locust import FastHttpUser, constant, events, task
from locust.env import Environment

from benchmarks.static_server import TOKEN

WARM_UP_S = 1.0
HEADERS = {
    "Accept": "application/json",
    "Authorization": f"Bearer {TOKEN}",
    "User-Agent": "kubedrill-benchmark",
}
SECONDS = float(os.environ["BENCHMARK_SECONDS"])


def _verified() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ["BENCHMARK_CA"])


class Gets(FastHttpUser):
    """GETs one small object, again and again."""

    wait_time = constant(0)
    insecure = False
    ssl_context_factory = staticmethod(_verified)

    @task
    def get(self) -> None:
        """GET once."""
        self.client.get("/", headers=HEADERS)


def measure(environment: Environment, **_: object) -> None:
    """Count requests and CPU-seconds from the end of the warm-up on, then end."""
    gevent.spawn(_measure, environment)


def _measure(environment: Environment) -> None:
    gevent.sleep(WARM_UP_S)
    total = environment.stats.total
    requests, failures, cpu = total.num_requests, total.num_failures, time.process_time()
    gevent.sleep(SECONDS)
    done = {
        "requests": total.num_requests - requests,
        "failures": total.num_failures - failures,
        "cpu_s": time.process_time() - cpu,
    }
    print(json.dumps(done), flush=True)
    if environment.runner:
        environment.runner.quit()


events.test_start.add_listener(measure)
