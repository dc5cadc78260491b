"""Fleet: how one node becomes one of the cluster's: its Node, and its CSINode."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from itertools import chain, repeat

import gevent

from kubedrill.client.informer import Object
from kubedrill.fleet.objects import CSI_NODES, NODES, csi_node
from kubedrill.fleet.patience import DONE, LONGEST_S, answered
from kubedrill.fleet.talk import parsed
from kubedrill.record.labels import RUN
from kubedrill.wire.response import Response

PAUSES_S = 0.01, 0.05, 0.25, 1.0, 2.0, 4.0
"""Between a kubelet's questions for its Node, until there is one whose CSINode it can make."""

NodeCall = Callable[..., Response]
"""Sends one request of a node, in JSON: method, path, and what is written; WireError."""


class ForeignNode(Exception):  # noqa: N818 - something else is in its place
    """A node of this name is there already, and is not this run's."""


def register(content: Object, call: NodeCall) -> str:
    """Make a Node, or take the one that is there; return its uid when it is one of the cluster's."""
    name, run = content["metadata"]["name"], content["metadata"]["labels"][RUN]
    while True:
        answer = answered(partial(call, "POST", NODES, content))
        if answer.status == HTTPStatus.CONFLICT:
            answer = answered(partial(call, "GET", f"{NODES}/{name}"))
        if answer.status in DONE:
            found = parsed(answer)["metadata"]
            if found.get("labels", {}).get(RUN) != run:
                raise ForeignNode(f"there is a node {name} that is not this run's")
            return str(found["uid"])
        gevent.sleep(LONGEST_S)


def await_api(name: str, call: NodeCall) -> None:
    """Return when the API answers: a kubelet asks for its CSINode, whether there is one or not."""
    answered(partial(call, "GET", f"{CSI_NODES}/{name}"))


def make_csi_node(name: str, call: NodeCall) -> None:
    """Make a node's CSINode, where it is not there: before that no kubelet says that it is Ready.

    It begins before there is a Node, and asks for that until it is there.
    """
    path = f"{CSI_NODES}/{name}"
    for pause_s in chain(PAUSES_S, repeat(LONGEST_S)):
        owner = answered(partial(call, "GET", f"{NODES}/{name}"))
        if owner.status in DONE:
            break
        gevent.sleep(pause_s)
    uid = parsed(owner)["metadata"]["uid"]
    found = answered(partial(call, "GET", path))
    if found.status in DONE:
        if _belongs_to(parsed(found), uid):
            return
        answered(partial(call, "DELETE", path))  # it was another Node's of that name
    answered(partial(call, "POST", CSI_NODES, csi_node(name, uid)))


def _belongs_to(found: Object, uid: str) -> bool:
    return any(owner["uid"] == uid for owner in found["metadata"].get("ownerReferences", ()))
