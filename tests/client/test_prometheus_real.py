"""The same of a real Prometheus, where this machine has the program (Debian's package `prometheus`)."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from kubedrill.client.prometheus import PrometheusApi, PrometheusError
from kubedrill.client.prometheus_targets import look_at
from kubedrill.judge.pages import parse
from kubedrill.observe.told_pages import names_of, pages_of
from kubedrill.record.prometheus import PrometheusSource, series_of

PROGRAM = shutil.which("prometheus")
PATIENCE_S = 120.0
SELECT = {"kube-apiserver": 'job="apiserver"', "etcd": 'job=~"etcd|kube-etcd"'}
ODD = 'apiserver_request_total{verb="LIST",resource="an \\"odd\\\\ one"} 7\n'
PAGE = f'{ODD}apiserver_current_inflight_requests{{request_kind="readOnly"}} 2\n'

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no program prometheus")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusSource]:
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        targets = {"apiserver": pages.server_port, "kube-etcd": free_port()}
        process = started(folder, port, targets)
        yield PrometheusSource(f"http://127.0.0.1:{port}", SELECT)
        process.terminate()
        process.wait()
        pages.shutdown()
        thread.join()


def started(folder: Path, port: int, targets: dict[str, int]) -> "subprocess.Popen[bytes]":
    jobs = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{where}"]}]}
        for job, where in targets.items()
    ]
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    assert PROGRAM is not None
    command = [PROGRAM, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stderr=log)


def scraped(api: PrometheusApi, times: int) -> None:
    """Wait until the apiserver has been scraped so often."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = api.samples('up{job="apiserver"}', PATIENCE_S)
        except PrometheusError:
            found = []  # it does not listen yet
        if found and len(found[0].samples) >= times:
            return
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_page_comes_back_as_the_component_wrote_it(source: PrometheusSource) -> None:
    with closing(PrometheusApi(source)) as api:
        scraped(api, 3)
        told = look_at(api, source, ["kube-apiserver"])
        [target] = told.targets  # of etcd nobody answers
        selector = series_of(names_of(target.kind), source.matchers(target.kind))
        pages, strangers = pages_of(api.samples(selector, PATIENCE_S), [target])
        assert api.count(selector) > 2
    assert strangers == []
    assert len(pages) >= 3
    assert target.every_s == pytest.approx(1.0, abs=0.5)
    whole = [page for page in pages if page.is_up]
    assert whole
    assert all(parse(page.text) == parse(PAGE) for page in whole)
    assert all(page.took > 0 for page in whole)


def test_what_it_cannot_scrape_it_says(source: PrometheusSource) -> None:
    with closing(PrometheusApi(source)) as api:
        scraped(api, 3)
        with pytest.raises(PrometheusError, match="etcd: it cannot scrape 127"):
            look_at(api, source, ["etcd"])
        with pytest.raises(PrometheusError, match="it answered 400: "):
            api.count("up{")
