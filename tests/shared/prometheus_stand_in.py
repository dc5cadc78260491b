"""What answers as a Prometheus does, as far as a drill asks: to be filled with scrapes, and to fail."""

import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOOKBACK_S = 300.0
"""An instant query takes what is no older, as Prometheus does by default."""
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*,?')
_SELECTOR = re.compile(r"(?P<name>\w*)\{(?P<matchers>.*)\}")
_RANGE = re.compile(r"(?P<selector>.*\})\[(?P<ms>\d+)ms\]")
Labels = tuple[tuple[str, str], ...]


@dataclass
class PrometheusStandIn:
    """Its series, and how it answers; from any thread."""

    series: dict[Labels, list[tuple[float, str]]] = field(default_factory=dict)
    """By its labels the samples of a series: seconds since 1970 by its clock, and value."""
    dropped: tuple[str, ...] = ()
    """Names of which nothing is stored."""
    ahead_s: float = 0.0
    """Its clock less this machine's."""
    token: str | None = None
    """What it wants to be given, if anything."""
    user: str = ""
    """With whose name, if that is a password."""
    slow_s: float = 0.0
    """It waits so long before it answers."""
    fails: tuple[int, bytes] | None = None
    """What it answers instead: status and body."""
    elsewhere: str = ""
    """Where it sends everybody instead of answering."""
    recorded: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """By query, what a real one was seen to answer; what is not among them it makes up."""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def authorization(self) -> str:
        """Return what whoever may ask sends."""
        if not self.user:
            return f"Bearer {self.token}"
        return f"Basic {b64encode(f'{self.user}:{self.token}'.encode()).decode()}"

    def now(self) -> float:
        """Return what its clock shows, to the millisecond."""
        return round(time.time() + self.ahead_s, 3)

    def scrape(
        self,
        job: str,
        instance: str,
        page: dict[str, float],
        at: float | None = None,
        up: bool = True,
        **labels: str,
    ) -> float:
        """Store a scrape of a target, as of now if no time is said; return its time."""
        when = round(self.now() if at is None else at, 3)
        target = {"job": job, "instance": instance, **labels}
        notes = {"up": float(up), "scrape_duration_seconds": 0.004}
        for text, value in {**notes, **(page if up else {})}.items():
            found = _SELECTOR.fullmatch(text)
            name, own = (
                (found["name"], _MATCHER.findall(found["matchers"])) if found else (text, [])
            )
            if name in self.dropped:
                continue
            known = {"__name__": name, **target, **{label: value for label, _, value in own}}
            self.series.setdefault(tuple(sorted(known.items())), []).append((when, f"{value:.17g}"))
        return when

    def answer(self, query: str) -> dict[str, Any]:
        """Return what it says to a query; ValueError if it would not understand it."""
        if query == "time()":
            return {"resultType": "scalar", "result": [self.now(), str(self.now())]}
        if ranged := _RANGE.fullmatch(query):
            since = self.now() - int(ranged["ms"]) / 1000
            result = [
                {"metric": dict(labels), "values": [list(sample) for sample in samples]}
                for labels, samples in self._matching(ranged["selector"], since)
            ]
            return {"resultType": "matrix", "result": result}
        inner = query.removeprefix("count(").removesuffix(")")
        counted = len([*self._matching(inner, self.now() - LOOKBACK_S)])
        result = [{"metric": {}, "value": [self.now(), str(counted)]}] if counted else []
        return {"resultType": "vector", "result": result}

    def _matching(
        self, selector: str, since: float
    ) -> Iterator[tuple[Labels, list[tuple[float, str]]]]:
        found = _SELECTOR.fullmatch(selector)
        if found is None or _MATCHER.sub("", found["matchers"]):
            raise ValueError(f'invalid parameter "query": parse error in {selector}')
        wanted = _MATCHER.findall(found["matchers"])
        wanted += [("__name__", "=", found["name"])] if found["name"] else []
        for labels, samples in [*self.series.items()]:
            recent = [sample for sample in samples if since < sample[0] <= self.now()]
            if recent and all(_matches(dict(labels).get(name, ""), *how) for name, *how in wanted):
                yield labels, recent


def _matches(value: str, operator: str, pattern: str) -> bool:
    text = pattern.encode().decode("unicode_escape")
    same = value == text if operator in ("=", "!=") else re.fullmatch(text, value) is not None
    return same == (operator in ("=", "=~"))


class _Api(BaseHTTPRequestHandler):
    stand_in: PrometheusStandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known, path = self.stand_in, urlsplit(self.path)
        time.sleep(known.slow_s)
        if known.elsewhere:
            self._say(302, b"", Location=f"{known.elsewhere}{self.path}")
        elif known.fails is not None:
            self._say(*known.fails)
        elif known.token and self.headers.get("Authorization") != known.authorization:
            self._say(401, b"Unauthorized\n")
        elif path.path != "/api/v1/query":
            self._say(404, b"404 page not found\n")
        else:
            self._query(parse_qs(path.query)["query"][0])

    def _query(self, query: str) -> None:
        self.stand_in.asked.append(query)
        if query in self.stand_in.recorded:
            self._say(*self.stand_in.recorded[query])
            return
        try:
            said = {"status": "success", "data": self.stand_in.answer(query)}
        except ValueError as error:
            wrong = {"status": "error", "errorType": "bad_data", "error": str(error)}
            self._say(400, json.dumps(wrong).encode())
            return
        self._say(200, json.dumps(said).encode())

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError):  # who asked did not wait so long
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def prometheus_stand_in() -> Iterator[PrometheusStandIn]:
    """Have one that answers at its `url` as long as this block lasts."""
    known = PrometheusStandIn()
    handler = type("Api", (_Api,), {"stand_in": known})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        known.url = f"http://127.0.0.1:{server.server_port}"
        yield known
        server.shutdown()
        thread.join()
