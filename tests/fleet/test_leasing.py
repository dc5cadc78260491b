"""Whose a node's Lease is."""

from http import HTTPStatus

from kubedrill.client.protobuf import envelope, enveloped, field, message
from kubedrill.fleet.leasing import Leasing
from kubedrill.fleet.objects import LEASES, lease
from kubedrill.wire.response import Response


class LeasesOfOneNode:
    """An API that has one Lease, or none, and says what was asked of it."""

    def __init__(self, there: bytes = b"") -> None:
        self.there = there
        self.asked: list[str] = []

    def __call__(self, method: str, path: str, body: bytes = b"") -> Response:
        self.asked.append(f"{method} {path.removeprefix(LEASES)}")
        if method in {"PUT", "POST"}:
            self.there = body
        elif "/nodes/" in path:
            return answer(envelope("v1", "Node", message((1, message((1, "n"), (5, "new"))))))
        return answer(self.there) if self.there else answer(b"", HTTPStatus.NOT_FOUND)

    @property
    def owner(self) -> str:
        metadata = field(enveloped(self.there), 1)
        return field(field(metadata, 13), 4).decode()


def answer(body: bytes, status: int = 200) -> Response:
    return Response(status, 1, 2, len(body), b"", b"", body, None, 0)


def test_one_that_another_node_of_that_name_has_left_is_the_new_ones() -> None:
    api = LeasesOfOneNode(lease("n", "old", "7"))
    leasing = Leasing("n", api)
    leasing.belong_to("new")
    leasing.renew()
    assert (api.owner, api.asked) == ("new", ["GET /n", "PUT /n"])
    leasing.renew()
    assert (api.owner, api.asked[2:]) == ("new", ["PUT /n"])


def test_one_that_is_not_there_is_made_when_it_is_known_whose_it_is() -> None:
    api = LeasesOfOneNode()
    Leasing("n", api).renew()
    assert api.owner == "new"
    assert [each.split()[0] for each in api.asked] == ["GET", "GET", "POST"]


def test_nothing_is_renewed_for_a_node_that_is_not_known_yet() -> None:
    api = LeasesOfOneNode(lease("n", "old", "7"))
    Leasing("n", api).renew()
    assert api.owner == "new"
    assert [each.split()[0] for each in api.asked] == ["GET", "GET", "PUT"]
