"""Fleet: the Lease of one node: made, and renewed, as client-go's lease controller does."""

from functools import partial
from http import HTTPStatus
from typing import Protocol

from kubedrill.client.protobuf import enveloped, field
from kubedrill.fleet.objects import LEASES, NODES, lease
from kubedrill.fleet.patience import DONE, answered
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response

RENEWALS = 5
"""So often at once a renewal is tried that has met another one."""


class Exchange(Protocol):
    """Sends one request of a node, in protobuf, and returns the answer; WireError."""

    def __call__(self, method: str, path: str, body: bytes = b"") -> Response:
        """`body`: what is written."""
        ...


class Leasing:
    """The Lease of one node."""

    __slots__ = ("_call", "_name", "_uid", "_version")

    def __init__(self, name: str, call: Exchange) -> None:
        self._name = name
        self._call = call
        self._uid = ""
        """The Node's, to which it belongs."""
        self._version = ""

    def belong_to(self, uid: str) -> None:
        """Take which Node it belongs to: one that was another's of that name is thrown away with that one."""
        self._uid = uid

    def forget(self) -> None:
        """Know nothing of it, as a kubelet that starts."""
        self._version = ""

    def renew(self) -> None:
        """Renew it; make it where it is not there, for as long as that takes."""
        if not (self._version and any(self._renewed() for _ in range(RENEWALS))):
            self._ensure()

    def _renewed(self) -> bool:
        """Write it once; whether that is done."""
        mine = lease(self._name, self._uid, self._version)
        try:
            answer = self._call("PUT", f"{LEASES}/{self._name}", mine)
            if answer.status == HTTPStatus.CONFLICT:
                self._know(self._call("GET", f"{LEASES}/{self._name}"))
                return False
        except WireError:
            return False
        if answer.status == HTTPStatus.NOT_FOUND:
            self._version = ""
        return self._know(answer)

    def _ensure(self) -> None:
        """Take the one that is there, or make it, once it is known which Node it belongs to."""
        is_there = self._know(self._asked(f"{LEASES}/{self._name}"))
        if not (is_there and self._uid):
            owner = self._asked(f"{NODES}/{self._name}")
            if owner.status not in DONE:
                return  # until it is due again
            self._uid = field(_metadata(owner), 5).decode()
        if is_there:
            self._renewed()
            return
        mine = lease(self._name, self._uid)
        self._know(answered(partial(self._call, "POST", LEASES, mine)))

    def _asked(self, path: str) -> Response:
        return answered(partial(self._call, "GET", path))

    def _know(self, answer: Response) -> bool:
        """Take of an answer its version; whether there is one."""
        if answer.status not in DONE:
            return False
        self._version = field(_metadata(answer), 6).decode()
        return True


def _metadata(answer: Response) -> bytes:
    """Return the ObjectMeta of what an answer holds."""
    return field(enveloped(answer.body), 1)
