"""Identities of ours in a cluster that somebody else runs: made before the first drill, gone after the last.

The namespace `kubedrill` is made first and removed last. Whose it is stands in it: two machines that mean the
same cluster exclude each other by that.
"""

import getpass
import json
import platform
import time
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kubedrill.clock import SECOND, now
from kubedrill.cluster.adopted.access import Access, AdminAnswer, said_of
from kubedrill.cluster.adopted.giving import Granted
from kubedrill.cluster.objects import Introduced, Object, token_request
from kubedrill.errors import NotStarted
from kubedrill.record.labels import AUDITED, MANAGED, NAMESPACE
from kubedrill.wire.pki import write_secret

ID = "kubedrill.io/cluster"
"""The annotation of our namespace that says which cluster, as a state folder knows it, has it made."""
BY = "kubedrill.io/by"
TOKEN_LIFETIME_S = 7 * 24 * 3600
"""Asked for; clusters give less where they have a limit."""
GONE_S = 120.0
"""For a namespace with some dozen objects to go, whose controller is slow."""
LOOK_S = 0.3
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES = (f"{_RBAC}/clusterrolebindings", f"{_RBAC}/clusterroles")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the identities are proven by."""

    files: dict[str, str]
    """By identity, the file of its token."""
    expire: float
    """When the first of them does, in seconds since the epoch."""


def introduce(
    access: Access, introduced: Introduced, given: Granted, cluster: str, folder: Path
) -> Tokens:
    """Make all that is ours; NotStarted if the API refuses, or it is somebody's already.

    `cluster` is its id. Tokens are written below `folder`.
    """
    _wait_gone(access)
    first, *others = replace(introduced, give=given.give).objects()
    answer = access.call("POST", first[0], _marked(first[1], cluster))
    if answer.status == HTTPStatus.CONFLICT:
        raise NotStarted(f"context {access.context}: {_whose(access)}")
    _check(answer, HTTPStatus.CREATED, "POST", first[0], access)
    for path, content in others:
        _check(
            access.call("POST", path, _marked(content)), HTTPStatus.CREATED, "POST", path, access
        )
    return fetch_tokens(access, introduced, folder)


def is_whole(access: Access, introduced: Introduced) -> bool:
    """Whether whoever made what is ours has come to its end: the last of the guards is there."""
    path, content = introduced.objects()[-1]
    return access.call("GET", f"{path}/{content['metadata']['name']}").status == HTTPStatus.OK


def fetch_tokens(access: Access, introduced: Introduced, folder: Path) -> Tokens:
    """Write a token for each identity below `folder`; NotStarted if the API gives none."""
    expire, files = [], {}
    for name in introduced.accounts:
        token, until = _token(access, name)
        file = folder / f"{name}.token"
        write_secret(file, token.encode())
        files[name] = str(file)
        expire.append(until)
    return Tokens(files, min(expire))


def withdraw(access: Access, introduced: Introduced, cluster: str) -> None:
    """Remove all that is ours, if it is that of the cluster with this id; NotStarted if it does not go."""
    if owner(access) != cluster:
        return  # it never came, is gone, or is another's
    for path in ROLES:  # of activities, whose drill could not take theirs away
        for name in _ours(access, path):
            _remove(access, f"{path}/{name}")
    for path, content in reversed(introduced.objects()):
        if "/namespaces/" not in path:  # what is in one goes with it
            _remove(access, f"{path}/{content['metadata']['name']}")
    _wait_gone(access)


def _ours(access: Access, path: str) -> list[str]:
    """Return the names of what is ours by its label in a collection."""
    selector = quote(",".join(f"{key}={value}" for key, value in MANAGED.items()))
    answer = access.call("GET", f"{path}?labelSelector={selector}")
    _check(answer, HTTPStatus.OK, "GET", path, access)
    return [found["metadata"]["name"] for found in json.loads(answer.body)["items"]]


def owner(access: Access) -> str | None:
    """Return the id of the cluster, as a state folder knows it, that has made our namespace; None without."""
    found = _namespace(access)
    return None if found is None else _annotations(found).get(ID)


def _marked(content: Object, cluster: str = "") -> Object:
    """Return an object that says whose it is."""
    known = {ID: cluster, BY: _ourselves()} if cluster else {}
    notes = {"annotations": known} if known else {}
    return {**content, "metadata": {**content["metadata"], "labels": MANAGED, **notes}}


def _ourselves() -> str:
    return f"{getpass.getuser()}@{platform.node()}"


def _whose(access: Access) -> str:
    """Return in words who has made the namespace that is ours by its name."""
    found = _namespace(access) or {}
    by = _annotations(found).get(BY, "nobody that it tells of")
    since = found.get("metadata", {}).get("creationTimestamp", "")
    return (
        f"it has the namespace {NAMESPACE} already, made by {by} at {since}: another drill, or what one has "
        "left; end it where it was begun: kubedrill cluster down NAME"
    )


def _token(access: Access, name: str) -> tuple[str, float]:
    """Return a token of a ServiceAccount, and when it expires, in seconds since the epoch."""
    path, wanted = token_request(name, TOKEN_LIFETIME_S)
    answer = access.call("POST", path, wanted)
    _check(answer, HTTPStatus.CREATED, "POST", path, access)
    said = json.loads(answer.body)["status"]
    return str(said["token"]), datetime.fromisoformat(said["expirationTimestamp"]).timestamp()


def _remove(access: Access, path: str) -> None:
    answer = access.call("DELETE", path)
    gone = (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    if answer.status not in gone:
        raise NotStarted(f"context {access.context}: {said_of(answer, 'DELETE', path)}")


def _wait_gone(access: Access) -> None:
    """Wait while namespaces of ours are being removed; NotStarted if that takes too long."""
    until = now() + round(GONE_S * SECOND)
    while going := [name for name in (NAMESPACE, AUDITED) if _is_going(access, name)]:
        if now() > until:
            raise NotStarted(
                f"context {access.context}: namespace {going[0]} is still being removed after {GONE_S:g} s"
            )
        time.sleep(LOOK_S)


def _is_going(access: Access, name: str) -> bool:
    found = _namespace(access, name)
    return found is not None and "deletionTimestamp" in found["metadata"]


def _namespace(access: Access, name: str = NAMESPACE) -> dict[str, Any] | None:
    path = f"/api/v1/namespaces/{name}"
    answer = access.call("GET", path)
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    _check(answer, HTTPStatus.OK, "GET", path, access)
    found: dict[str, Any] = json.loads(answer.body)
    return found


def _annotations(found: dict[str, Any]) -> dict[str, str]:
    return found.get("metadata", {}).get("annotations") or {}


def _check(answer: AdminAnswer, wanted: int, method: str, path: str, access: Access) -> None:
    if answer.status != wanted:
        raise NotStarted(f"context {access.context}: {said_of(answer, method, path)}")
