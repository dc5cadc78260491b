"""Load: what a master hands to its workers: their part of the drill, and who they are to the API."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from kubedrill import __version__
from kubedrill.client.identity import ClientIdentity, user_agent
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.wire.target import Http, Target, client_tls

API = "KUBEDRILL_API"
"""Environment of a worker that finds the API elsewhere than the master does: HOST:PORT."""
OPTION = "kubedrill"
"""The name among Locust's options: the master's reach its workers with the first users."""


class Credentials(TypedDict):
    """One identity, its files' contents in it. PEM, and a bearer token."""

    name: str
    certificate: str
    key: str
    token: str


class Handover(TypedDict):
    """What stands among Locust's options when the master lets its workers begin."""

    version: str
    """kubedrill's, which must be the worker's."""
    run: str
    profile: str
    load: str
    workers: list[str]
    """Locust's names of the workers: the place of each is its number."""
    host: str
    port: int
    server_name: str
    authority: str
    """PEM"""
    credentials: list[Credentials]


def hand_over(
    record: ClusterRecord, run: str, profile: str, load: str, workers: Sequence[str]
) -> Handover:
    """Return what workers need; OSError if a file of the cluster's is missing."""
    return {
        "version": __version__,
        "run": run,
        "profile": profile,
        "load": load,
        "workers": list(workers),
        "host": record.balancer.host,
        "port": record.balancer.port,
        "server_name": record.server_name,
        "authority": _text(record.ca_file),
        "credentials": [
            {
                "name": name,
                "certificate": _text(record.identities[name].certificate),
                "key": _text(record.identities[name].key),
                "token": _text(record.identities[name].token_file).strip(),
            }
            for name in record.load_identities
        ],
    }


def identities(given: Handover, http: Http) -> list[ClientIdentity]:
    """Return the load's identities as `of_cluster` does where the cluster's files are."""
    endpoint = _found(os.environ.get(API, "")) or Endpoint(given["host"], given["port"])
    found = []
    # OpenSSL reads keys from files only; these are gone before the first request.
    with tempfile.TemporaryDirectory() as temporary:
        for credentials in given["credentials"]:
            texts = (given["authority"], credentials["certificate"], credentials["key"])
            ca, certificate, key = (
                _file(Path(temporary) / str(number), text) for number, text in enumerate(texts)
            )
            tls = client_tls(ca, certificate, key, http)
            target = Target(endpoint, given["server_name"], tls)
            who = (credentials["name"], target, credentials["token"] or None, given["server_name"])
            found.append(ClientIdentity(*who, user_agent(given["profile"]), http=http))
    return found


def _found(text: str) -> Endpoint | None:
    """Return the address that a text names; None if it is empty."""
    host, _, port = text.rpartition(":")
    return Endpoint(host.strip("[]"), int(port)) if host else None


def _text(path: str | None) -> str:
    return Path(path).read_text(encoding="ascii") if path else ""


def _file(path: Path, text: str) -> str | None:
    path.unlink(missing_ok=True)
    if not text:
        return None
    path.touch(0o600)
    path.write_text(text, encoding="ascii")
    return str(path)
