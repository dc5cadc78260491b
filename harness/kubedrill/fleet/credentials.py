"""Fleet: as whom nodes come to a cluster that kubedrill did not make: with its certificates, or by proxy."""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import gevent

from kubedrill.client.caller import Caller
from kubedrill.client.identity import ClientIdentity
from kubedrill.client.informer import Object, conditions
from kubedrill.clock import SECOND, now
from kubedrill.errors import NotStarted
from kubedrill.fleet.identity import (
    GROUP,
    USER_AGENT,
    Gate,
    NodeTls,
    OwnGate,
    identity,
    user_of,
)
from kubedrill.fleet.objects import NODES
from kubedrill.fleet.patience import DONE, answered
from kubedrill.fleet.rights import (
    CERTIFICATES,
    SIGNER,
    certificate_rights,
    impersonation_rights,
    taking_rights,
)
from kubedrill.fleet.talk import Counts, Talk, parsed
from kubedrill.record.cluster import FLEET, NODE_AUTHORITY, ClusterRecord
from kubedrill.record.fleet import Fleet
from kubedrill.record.labels import MANAGED, RUN, ZONE
from kubedrill.record.rights import REVIEWS, Right, said
from kubedrill.wire.pki import signing_request
from kubedrill.wire.target import Target, client_tls, identity_target

REQUESTS = f"/apis/{CERTIFICATES}/v1/certificatesigningrequests"
VALID_S = 86_400
SIGNED_S = 60.0
"""So long a certificate may take to be signed."""
LOOK_S = 0.2
CALL = 10 * SECOND

APPROVED = {"type": "Approved", "status": "True", "reason": "Fleet", "message": "kubedrill"}


def check_foreign(record: ClusterRecord, fleet: Fleet, zones: Iterable[str]) -> None:
    """Raise NotStarted where nodes of a fleet cannot be on a cluster that kubedrill did not make.

    Where zones are its own, and where nobody could take the nodes away again.
    """
    with _asking(record) as caller:
        for zone in zones:
            _check_zone(caller, zone)
        if lacks := _lacking(caller, taking_rights(fleet)):
            raise NotStarted(
                f"fleet: on cluster {record.name} its identity fleet must be allowed to {said(lacks)}"
            )


@contextmanager
def _asking(record: ClusterRecord) -> Iterator[Caller]:
    if FLEET not in record.identities:
        raise NotStarted(f"cluster {record.name}: it has no identity fleet, which a fleet needs")
    target, token = identity_target(record, FLEET)
    with closing(Caller(target, token, user_agent="kubedrill-fleet")) as caller:
        yield caller


def gate_of(record: ClusterRecord, fleet: Fleet, zone: str) -> Gate:
    """Return how the nodes of a zone get to the API.

    On a cluster that kubedrill did not make by whichever way its identity `fleet` may go; NotStarted where
    that is none, and as `check_foreign`.
    """
    if not record.foreign:
        return OwnGate(record, zone)
    check_foreign(record, fleet, [zone])
    if NODE_AUTHORITY in record.identities:
        return OwnGate(record, zone)
    with _asking(record) as caller:
        lacks = _lacking(caller, certificate_rights())
        if not lacks:
            return CertificateGate(record, zone)
        name = next(member.name for member in fleet.everyone(zone))
        if lacks_other := _lacking(caller, impersonation_rights(name)):
            raise NotStarted(
                f"fleet: on cluster {record.name} its identity fleet must be allowed to {said(lacks)}; "
                f"or to {said(lacks_other)}"
            )
    return ImpersonatingGate(record, zone)


def _lacking(caller: Caller, rights: Iterable[Right]) -> list[Right]:
    """Return those that one has not got."""
    return [right for right in rights if not _is_allowed(caller, right)]


def _is_allowed(caller: Caller, right: Right) -> bool:
    answer = caller.call("POST", REVIEWS, right.review())
    if answer.status not in DONE:
        raise NotStarted(f"fleet: POST {REVIEWS}: {answer.status}; nobody knows what it may do")
    return bool(json.loads(answer.body)["status"]["allowed"])


def _check_zone(caller: Caller, zone: str) -> None:
    """Raise NotStarted where others have nodes in a zone: how many are Ready there decides on evictions."""
    selector = quote(f"{ZONE}={zone},!{RUN}")
    answer = caller.call("GET", f"{NODES}?limit=1&labelSelector={selector}")
    if answer.status not in DONE:
        raise NotStarted(f"fleet: GET {NODES}: {answer.status}; nobody knows which zones there are")
    for found in json.loads(answer.body)["items"] or ():
        name = found["metadata"]["name"]
        raise NotStarted(
            f"fleet: zones: {zone} is one of the cluster's own, {name} is in it; name others"
        )


class CertificateGate:
    """By certificates that the cluster signs: for each node one is asked for, and approved."""

    def __init__(self, record: ClusterRecord, zone: str) -> None:
        self._talk = Talk(identity(record, FLEET), Counts())
        self._context = client_tls(record.ca_file, http="2")
        self._endpoint, self._server_name = record.entrance(zone), record.server_name

    def identity(self, node: str) -> ClientIdentity:
        """Return who a node is; its certificate is made anew."""
        name = user_of(node)
        request, key = signing_request(name, GROUP)
        tls = NodeTls(self._context, self._signed(node, request) + key)
        target = Target(self._endpoint, self._server_name, tls)
        return ClientIdentity(name, target, None, self._server_name, USER_AGENT, http="2")

    def _signed(self, node: str, request: bytes) -> bytes:
        """Return the certificate that is asked for, PEM; NotStarted if nobody signs it."""
        name = f"kubedrill-{node}-{now():x}"
        self._call("POST", REQUESTS, signing_object(name, request))
        try:
            self._approve(name)
            return base64.b64decode(self._awaited(name))
        finally:
            self._call("DELETE", f"{REQUESTS}/{name}")

    def _awaited(self, name: str) -> str:
        until = now() + round(SIGNED_S * SECOND)
        while not (pem := self._call("GET", f"{REQUESTS}/{name}")["status"].get("certificate")):
            if now() > until:
                raise NotStarted(
                    f"fleet: {name}: nobody has signed it for {SIGNED_S:g} s, as {SIGNER} does"
                )
            gevent.sleep(LOOK_S)
        return str(pem)

    def _approve(self, name: str) -> None:
        """Approve what was asked for, unless somebody has, as a controller of the cluster may."""
        while "Approved" not in conditions(made := self._call("GET", f"{REQUESTS}/{name}")):
            made["status"] = {"conditions": [APPROVED]}
            path = f"{REQUESTS}/{name}/approval"
            call = partial(self._talk.call, "PUT", path, now() + CALL, made)
            if answered(call).status != HTTPStatus.CONFLICT:
                return

    def _call(self, method: str, path: str, content: Any = None) -> Object:
        answer = answered(partial(self._talk.call, method, path, now() + CALL, content))
        if answer.status not in DONE:
            raise NotStarted(f"fleet: {method} {path}: {answer.status}")
        return parsed(answer)


def signing_object(name: str, request: bytes) -> Object:
    """Return the CertificateSigningRequest of a node."""
    return {
        "apiVersion": f"{CERTIFICATES}/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name, "labels": MANAGED},
        "spec": {
            "request": base64.b64encode(request).decode(),
            "signerName": SIGNER,
            "usages": ["digital signature", "client auth"],
            "expirationSeconds": VALID_S,
        },
    }


class ImpersonatingGate:
    """In the nodes' place: each request says which node it is of."""

    def __init__(self, record: ClusterRecord, zone: str) -> None:
        endpoint = record.entrance(zone)
        self._target, self._token = identity_target(record, FLEET, endpoint, http="2")

    def identity(self, node: str) -> ClientIdentity:
        """Return who a node is: the fleet's identity, in its place."""
        name = user_of(node)
        return ClientIdentity(
            name,
            self._target,
            self._token,
            self._target.server_name,
            USER_AGENT,
            http="2",
            headers={"Impersonate-User": name, "Impersonate-Group": GROUP},
        )
