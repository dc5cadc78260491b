"""A profile as a person runs it: `locust -f`, with KUBECONFIG alone."""

import itertools
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from argparse import Namespace
from types import SimpleNamespace

import numpy as np
import pytest
from load_stage import PROFILE
from ports import free_port

from kubedrill.clock import SECOND

with pytest.MonkeyPatch.context() as patch:
    # Locust patches a process that imports it, and this one runs other tests, too.
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from kubedrill.load.user.stand_alone import StandAloneSession

PLAIN_HTTP = """
clusters: [{name: c, cluster: {server: 'http://x'}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
"""


@pytest.mark.alone
def test_headless(locust, server):
    done = locust("--headless", "-u", "2", "-r", "2", "-t", "6s", "--rate", "40", "--json")
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads(done.stdout)
    assert (entry["name"], entry["method"], entry["num_failures"]) == ("list", "LIST", 0)
    assert 160 <= entry["num_requests"] <= 245  # the users need their time to come up
    assert entry["num_requests"] == sum(entry["response_times"].values())
    assert entry["total_content_length"] > entry["num_requests"] * 2_000
    _, path, headers = server.served[0]
    assert path == "/behind/a/gateway/api/v1/pods"
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Host"] == f"127.0.0.1:{server.port}"
    assert headers["User-Agent"] == "kubedrill-mass-list"


def test_parameters_are_options(locust, server):
    options = ("--resource", "secrets", "--namespace", "one", "--limit", "4", "--encoding=protobuf")
    server.kind = "SecretList"
    done = locust("--headless", *options, "--json", served=10)
    names = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert names["list.page"]["num_requests"] >= 3 * names["list"]["num_requests"] > 0
    assert server.served[0][1].endswith("/api/v1/namespaces/one/secrets?limit=4")


def test_failures_are_in_locusts_statistics(locust, server):
    server.behaviour = "/too-many"
    done = locust("--headless", "--only-summary", served=10)
    assert done.returncode == 1
    assert re.search(r"LIST list: +http 429|http 429", done.stderr)


def test_somebody_elses_listener_hears_every_request(locust, server, tmp_path):
    other = tmp_path / "listening.py"
    other.write_text(
        PROFILE.read_text()
        + "\nfrom locust import events\n"
        + "@events.request.add_listener\n"
        + "def heard(request_type, name, response_time, **_):\n"
        + "    print('heard', request_type, name, response_time > 0)\n"
    )
    done = locust("--headless", "--rate", "20", "--only-summary", profile=other, served=25)
    assert done.stdout.count("heard LIST list True") >= 20
    assert done.returncode == 0


SHAPE = """
from locust import LoadTestShape

class Ladder(LoadTestShape):
    def tick(self):
        seconds = self.get_run_time()
        if seconds < 3:
            return 1, 10
        return (4, 10) if seconds < 6 else None
"""


def test_a_shape_steers_the_load(locust, server, tmp_path):
    shape = tmp_path / "ladder.py"
    shape.write_text(SHAPE)
    done = locust("--headless", "--user-rate", "10", "--only-summary", profile=f"{PROFILE},{shape}")
    assert done.returncode == 0, done.stderr
    total = int(re.search(r"LIST +list +(\d+)", done.stderr)[1])
    # 3 s at 10/s and 3 s at 40/s; users come and go within a second.
    assert 110 <= total <= 170, done.stderr


def test_a_rate_that_changes_as_in_an_experiment(locust, server):
    shape = "steps: {rates: [40/s, 0/s], each: 1s}"
    done = locust("--headless", "-t", "10s", "--rate-shape", shape, "--only-summary")
    assert done.returncode == 0, done.stderr
    assert len(server.served) == 40


def dues(count: int, **options: object) -> list[float]:
    """Return when the first arrivals are due, in seconds."""
    known = {"num_users": 1, "rate": 10.0, "user_rate": 0.0, "rate_shape": ""}
    given = Namespace(**known | {"spacing": "paced", "burst": 1} | options)
    generator = SimpleNamespace(users=(1, 2))
    found = StandAloneSession(given, "mass-list").dues(7 * SECOND, generator)
    return [due / SECOND - 7 for due in itertools.islice(found, count)]


def test_when_arrivals_are_due(tmp_path):
    assert dues(3) == pytest.approx([0, 0.1, 0.2])
    assert dues(3, user_rate=2.0) == pytest.approx([0, 0.25, 0.5])
    assert dues(4, burst=2) == pytest.approx([0, 0, 0.2, 0.2])
    ramp = "ramp: {from: 0/s, to: 8/s, over: 4s}"
    assert dues(5, rate_shape=ramp) == pytest.approx([0, 1, 2**0.5, 3**0.5, 2])
    assert dues(4, rate_shape=ramp, burst=4) == [0] * 4
    (tmp_path / "day.csv").write_text("seconds,rate\n0,2\n1,2\n1,10\n")
    recorded = f"recorded: {{file: {tmp_path / 'day.csv'}}}"
    assert dues(4, rate_shape=recorded) == pytest.approx([0, 0.5, 1, 1.1])


@pytest.mark.parametrize("rate_shape", ["", "points: [[0s, 10/s]]"])
def test_arrivals_at_random(rate_shape):
    gaps = np.diff(dues(4001, spacing="poisson", rate_shape=rate_shape))
    assert gaps.mean() == pytest.approx(0.1, rel=0.1)
    assert gaps.std() == pytest.approx(0.1, rel=0.15)  # an exponential distribution's


def test_users_follow_the_rate(locust, server, tmp_path):
    following = tmp_path / "following.py"
    following.write_text(
        "from kubedrill.load.user.shape import FollowRate\n"
        "from locust import events\n"
        "@events.spawning_complete.add_listener\n"
        "def there(user_count, **_):\n"
        "    print('users', user_count)\n"
    )
    shape = "steps: {rates: [10/s, 35/s, 15/s], each: 2s}"
    options = ("--headless", "-t", "6s", "--rate-shape", shape, "--only-summary")
    done = locust(*options, profile=f"{PROFILE},{following}")
    assert done.returncode == 0, done.stderr
    users = [int(count) for count in re.findall(r"users (\d+)", done.stdout)]
    assert [count for count, _ in itertools.groupby(users)] == [1, 4, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rate-shape", "ram: {}"), '--rate-shape: unknown key "ram"; did you mean "ramp"?'),
        (("--rate-shape", "{"), "--rate-shape: "),
        (("--rate-shape", "10/s"), "--rate-shape: "),
        (("--rate-shape", "recorded: {file: none.csv}"), "none.csv: no such file"),
        (
            ("--rate-shape", "steps: {rates: [1/s], each: 1s}", "--user-rate", "2"),
            "two different loads",
        ),
        (("--burst", "0"), "--burst must be at least 1, not 0"),
        (("--resource-version", "0", "--limit", "5"), "two different requests"),
        (("--resource", "nodes", "--namespace", "x"), "nodes are in no namespace"),
        (("--namespace", "A/b"), "namespace: string should match pattern"),
        (("--limit", "-1"), "limit: input should be greater than or equal to 0, not the number -1"),
    ],
)
def test_wrong_parameters(locust, server, arguments, message):
    done = locust("--headless", "-t", "4s", *arguments)
    assert done.returncode == 3
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert server.served == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "kubeconfig: "),
        (
            PLAIN_HTTP,
            "is not https://",
        ),
    ],
)
def test_wrong_kubeconfig(locust, kubeconfig, text, message):
    kubeconfig.write_text(text)
    done = locust("--headless", "-t", "4s")
    assert done.returncode == 3
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_client_certificate(locust, kubeconfig, server, certificate):
    server.demand(certificate.certificate)
    text = kubeconfig.read_text().replace(
        "{token: secret}",
        f"{{client-certificate: {certificate.certificate}, client-key: {certificate.key}}}",
    )
    kubeconfig.write_text(text)
    done = locust("--headless", served=5)
    assert done.returncode == 0, done.stderr
    assert "Authorization" not in server.served[0][2]
    der = ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text())
    assert {shown for _, shown in server.met} == {der}


def test_a_client_certificate_that_is_missing(locust, server, certificate):
    server.demand(certificate.certificate)
    locust("--headless", "-t", "4s")
    assert server.served == []


def test_web_ui(server, kubeconfig):
    port = free_port()
    command = [sys.executable, "-m", "locust", "-f", str(PROFILE)]
    command += ["--web-host", "127.0.0.1", "--web-port", str(port)]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{port}"
        page = fetch(url, 60)
        for parameter in ("resource_version", "encoding", "rate", "max_in_flight"):
            assert parameter in page
        server.kind = "SecretList"
        form = {"user_count": 1, "spawn_rate": 1, "resource": "secrets", "rate": "50"}
        fetch(f"{url}/swarm", 30, urllib.parse.urlencode(form).encode())
        while len(server.served) < 80:
            assert process.poll() is None
            time.sleep(0.1)
        stats = json.loads(fetch(f"{url}/stats/requests", 30))
        assert stats["stats"][0]["name"] == "list"
        assert stats["stats"][0]["num_requests"] > 50
        assert stats["total_fail_per_sec"] == 0
        assert {path for _, path, _ in server.served} == {"/behind/a/gateway/api/v1/secrets"}
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert b"Traceback" not in said


def fetch(url: str, within_s: float, form: bytes | None = None) -> str:
    deadline = time.monotonic() + within_s
    while True:
        try:
            with urllib.request.urlopen(url, form, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
