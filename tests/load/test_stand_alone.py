"""A profile as a person runs it: `locust -f`, with KUBECONFIG alone."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest
from load_stage import PROFILE

PLAIN_HTTP = """
clusters: [{name: c, cluster: {server: 'http://x'}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
"""


def test_headless(locust, server):
    done = locust("--headless", "-u", "2", "-r", "2", "-t", "3s", "--rate", "40", "--json")
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads(done.stdout)
    assert (entry["name"], entry["method"], entry["num_failures"]) == ("list", "LIST", 0)
    assert 80 <= entry["num_requests"] <= 125
    assert entry["num_requests"] == sum(entry["response_times"].values())
    assert entry["total_content_length"] > entry["num_requests"] * 2_000
    _, path, headers = server.served[0]
    assert path == "/behind/a/gateway/api/v1/pods"
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Host"] == f"127.0.0.1:{server.port}"


def test_parameters_are_options(locust, server):
    options = ("--resource", "secrets", "--namespace", "one", "--limit", "4", "--encoding=protobuf")
    server.kind = "SecretList"
    done = locust("--headless", "-t", "2s", *options, "--json")
    names = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert names["list.page"]["num_requests"] >= 3 * names["list"]["num_requests"] > 0
    assert server.served[0][1].endswith("/api/v1/namespaces/one/secrets?limit=4")


def test_failures_are_in_locusts_statistics(locust, server):
    server.behaviour = "/too-many"
    done = locust("--headless", "-t", "2s", "--only-summary")
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
    done = locust("--headless", "-t", "2s", "--rate", "20", "--only-summary", profile=other)
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resource-version", "0", "--limit", "5"), "two different requests"),
        (("--resource", "nodes", "--namespace", "x"), "nodes are in no namespace"),
        (("--namespace", "A/b"), "namespace: string should match pattern"),
        (("--limit", "-1"), "limit: input should be greater than or equal to 0, not -1"),
    ],
)
def test_wrong_parameters(locust, server, arguments, message):
    done = locust("--headless", "-t", "2s", *arguments)
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
    done = locust("--headless", "-t", "2s")
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
    done = locust("--headless", "-t", "3s")
    assert done.returncode == 0, done.stderr
    assert "Authorization" not in server.served[0][2]
    der = ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text())
    assert {shown for _, shown in server.met} == {der}


def test_a_client_certificate_that_is_missing(locust, server, certificate):
    server.demand(certificate.certificate)
    locust("--headless", "-t", "2s")
    assert server.served == []


def test_web_ui(server, kubeconfig):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "locust", "-f", str(PROFILE)]
    command += ["--web-host", "127.0.0.1", "--web-port", str(port)]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{port}"
        page = fetch(url, 15)
        for parameter in ("resource_version", "encoding", "rate", "max_in_flight"):
            assert parameter in page
        server.kind = "SecretList"
        form = {"user_count": 1, "spawn_rate": 1, "resource": "secrets", "rate": "50"}
        fetch(f"{url}/swarm", 5, urllib.parse.urlencode(form).encode())
        time.sleep(2.5)
        stats = json.loads(fetch(f"{url}/stats/requests", 5))
        assert stats["stats"][0]["name"] == "list"
        assert stats["stats"][0]["num_requests"] > 50
        assert stats["total_fail_per_sec"] == 0
        assert {path for _, path, _ in server.served} == {"/behind/a/gateway/api/v1/secrets"}
    finally:
        process.terminate()
        _, said = process.communicate(timeout=10)
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
