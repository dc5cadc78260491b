"""Client: the HTTP API of a Prometheus, as far as a drill asks it: instant queries, and its clock.

Nothing of the environment is read but the token: no proxy, no .netrc. What it redirects to is not asked,
since the token would go there.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.errors import NotStarted
from kubedrill.record.prometheus import Auth, PrometheusSource
from kubedrill.wire.target import client_tls
from kubedrill.words import printable, shown

TIMEOUT_S = 5.0
"""A query over some thousand series takes it a fraction of a second."""
LARGEST = 200_000_000
"""Bytes of an answer: the needed series of a large apiserver are some MB."""

_WANTED: dict[Auth, str] = {"bearer": "token", "basic": "password"}


class PrometheusError(Exception):
    """No answer, or none that can be used: in words, of which `it` is the Prometheus; never the token."""


class SeriesSamples(NamedTuple):
    """One series, and its samples as Prometheus has stored them."""

    labels: dict[str, str]
    samples: list[tuple[int, str]]
    """Time, ns since 1970 by the clock of Prometheus, and value as it is written."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A clock elsewhere less our monotonic clock: at least, and at most; ns."""

    least: int
    most: int

    @property
    def within(self) -> int:
        """How far the middle may be off, ns."""
        return (self.most - self.least + 1) // 2

    @property
    def ahead(self) -> int:
        """The middle, ns."""
        return (self.least + self.most) // 2

    def apart(self, other: "ClockReading") -> int:
        """Return by how much the clock must have changed between two readings, ns; 0 if it need not have."""
        return max(0, self.least - other.most, other.least - self.most)


class PrometheusApi:
    """One Prometheus, or what answers as such; PrometheusError where it does not."""

    def __init__(self, source: PrometheusSource) -> None:
        """Take the token from the environment; OSError where the file of authorities cannot be read."""
        from urllib3 import PoolManager, Timeout

        self._source = source
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "kubedrill",
            **_authorization(source),
        }
        self._pool = PoolManager(
            ssl_context=client_tls(source.ca_file or None),
            timeout=Timeout(total=TIMEOUT_S),
            retries=False,
        )

    def close(self) -> None:
        """Close its connections."""
        self._pool.clear()

    def clock(self) -> ClockReading:
        """Read its clock, known as well as the round trip allows."""
        before = now()
        said = self._query("time()")
        after = now()
        try:
            wall = _ns(said["result"][0])
        except (LookupError, TypeError, ValueError):
            raise self._strange("time()") from None
        # It tells whole milliseconds, rounded.
        return ClockReading(wall - MILLISECOND - after, wall + MILLISECOND - before)

    def count(self, selector: str) -> int:
        """Return how many series it has just now."""
        query = f"count({selector})"
        said = self._query(query)
        try:
            return sum(int(float(found["value"][1])) for found in said["result"])
        except (LookupError, TypeError, ValueError):
            raise self._strange(query) from None

    def samples(self, selector: str, back_s: float) -> list[SeriesSamples]:
        """Return every sample of the last so many seconds, each with the time that it was scraped."""
        query = f"{selector}[{max(1, round(back_s * 1000))}ms]"
        said = self._query(query)
        if said.get("resultType") != "matrix":
            raise self._strange(query)
        try:
            return [*_series(said["result"])]
        except (LookupError, TypeError, ValueError):
            raise self._strange(query) from None

    def _query(self, query: str) -> dict[str, Any]:
        status, body = self._get(f"{self._source.url}/api/v1/query?{urlencode({'query': query})}")
        try:
            said = json.loads(body)
        except ValueError:
            said = None
        if status != 200:
            raise PrometheusError(self._refused(status, said))
        if not isinstance(said, dict) or not isinstance(said.get("data"), dict):
            raise self._strange(query)
        if said.get("status") != "success":
            raise PrometheusError(self._refused(status, said))
        data: dict[str, Any] = said["data"]
        return data

    def _get(self, url: str) -> tuple[int, bytes]:
        from urllib3.exceptions import HTTPError

        try:
            answer = self._pool.request(
                "GET", url, headers=self._headers, redirect=False, preload_content=False
            )
            body = answer.read(LARGEST)
            answer.drain_conn()
        except (HTTPError, OSError) as error:
            why = printable(str(error.args[-1] if error.args else error))
            raise PrometheusError(f"it does not answer: {why}") from None
        return answer.status, body

    def _refused(self, status: int, said: Any) -> str:
        """Return in words what it answered instead, and what may help."""
        why = shown(said["error"]) if isinstance(said, dict) and "error" in said else ""
        words = f"it answered {status}{f': {why}' if why else ''}"
        if status in (401, 403):
            known = "is refused" if "Authorization" in self._headers else "is not set"
            wanted, name = _WANTED[self._source.auth], self._source.token_env
            return f"{words}; it wants a {wanted}: that in the variable {name} {known}"
        if status == 404:
            return f"{words}; is that where its API is? /api/v1/query is added to it"
        if 300 <= status < 400:
            return f"{words}: it sends us elsewhere; name the address that it stands at"
        return words

    def _strange(self, query: str) -> PrometheusError:
        return PrometheusError(
            f"it is no Prometheus: what it answers to {shown(query)} is not of that API"
        )


@contextmanager
def asked(source: PrometheusSource, where: str) -> Iterator[PrometheusApi]:
    """Ask it in this block; NotStarted says what it answered instead, and `where` it is named."""
    try:
        with closing(PrometheusApi(source)) as api:
            yield api
    except PrometheusError as error:
        raise NotStarted(f"{where}: Prometheus at {source.url}: {error}") from None
    except OSError as error:
        raise NotStarted(f"{where}: {source.ca_file}: {error.strerror}") from None


def _authorization(source: PrometheusSource) -> dict[str, str]:
    """Return the header with the token, or with user and password, if there are any."""
    for name, held in source.token.items():
        # Else who sends it would say it in an error.
        if not (held.isascii() and held.isprintable()):
            raise PrometheusError(f"what the variable {name} holds is no {_WANTED[source.auth]}")
        if source.auth == "bearer":
            return {"Authorization": f"Bearer {held}"}
        if ":" not in held:
            raise PrometheusError(f"what the variable {name} holds is not USER:PASSWORD")
        return {"Authorization": f"Basic {b64encode(held.encode('ascii')).decode('ascii')}"}
    return {}


def _series(found: list[Any]) -> Iterator[SeriesSamples]:
    for series in found:
        samples = [(_ns(time), str(value)) for time, value in series["values"]]
        yield SeriesSamples(
            {str(name): str(value) for name, value in series["metric"].items()}, samples
        )


def _ns(seconds: float) -> int:
    """Return a time as ns: it is told in seconds, to the millisecond."""
    return round(seconds * 1000) * (SECOND // 1000)
