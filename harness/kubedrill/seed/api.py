"""Seed: calls to the API that are checked, and repeated while that may help."""

import json
import random
import time
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.sample import outcome_name
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.request import prepare
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target

CALL_TIMEOUT = 30 * SECOND
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


class SeedFailed(Exception):  # noqa: N818 - an event of the drill, not a programming error
    """The API did not do what was asked; the message says what it answered instead."""


class Api:
    """One kept connection, by default through the balancer. Not for several threads at once."""

    def __init__(self, record: ClusterRecord, until: int, endpoint: Endpoint | None = None) -> None:
        identity = "seeder" if "seeder" in record.identities else "admin"
        self._target, self._token = identity_target(record, identity, endpoint)
        self._host = record.server_name
        self._until = until
        self._connection: Connection | None = None

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        fine: tuple[int, ...] = (),
        accept: str = "application/json",
    ) -> Response:
        """Return the answer if it is a 2xx or one of `fine`.

        429, 5xx and broken connections are tried again, with growing pauses, until `until`
        (monotonic ns). SeedFailed for all else, and when that time is up.
        """
        pause = _FIRST_PAUSE_S
        while True:
            answer = self._try(method, path, body, accept)
            if isinstance(answer, Response):
                if 200 <= answer.status < 300 or answer.status in fine:
                    return answer
                if answer.status != 429 and answer.status < 500:
                    raise SeedFailed(f"{method} {path}: {_words(answer)}")
            asked = answer.retry_after if isinstance(answer, Response) else None
            wait = asked or pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
            if now() + int(wait * SECOND) > self._until:
                raise SeedFailed(f"{method} {path}: out of time; last: {_words(answer)}")
            time.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def json(self, method: str, path: str, accept: str = "application/json") -> Any:
        """Return the decoded body of `call`."""
        return json.loads(self.call(method, path, accept=accept).body)

    def _try(self, method: str, path: str, body: bytes, accept: str) -> Response | WireError:
        request = prepare(
            method,
            path,
            self._host,
            token=self._token,
            accept=accept,
            user_agent="kubedrill-seeder",
            body=body,
        )
        deadline = min(now() + CALL_TIMEOUT, self._until)
        try:
            if self._connection is None or self._connection.closed:
                self._connection = Connection.open(self._target, deadline)
            return self._connection.exchange(request, deadline, keep_body=True)
        except WireError as error:
            return error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()


def _words(answer: Response | WireError) -> str:
    if isinstance(answer, WireError):
        return outcome_name(answer.outcome)
    return f"{answer.status} {answer.body[:300].decode(errors='replace')}"
