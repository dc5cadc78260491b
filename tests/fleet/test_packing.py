"""How many nodes pods need: by what they request, the largest first, on what is free."""

from typing import Any

import pytest

from kubedrill.fleet.packing import NodeRoom, PodRequest, amount, nodes_needed

GIB = 2**30
NODE = 4000
"""Thousandths of a CPU that a node has."""


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("0.5", 0.5), ("500m", 0.5), ("64Mi", 64 * 2**20), ("1k", 1000), ("16Gi", 16 * GIB)],
)
def test_a_quantity_is_read_as_the_api_writes_it(text: str, value: float) -> None:
    assert amount(text) == value


def container(cpu: str, memory: str) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}}


@pytest.mark.parametrize(
    ("spec", "request_"),
    [
        ({"containers": [{}]}, PodRequest(0, 0)),
        (
            {"containers": [container("1", "1Gi"), container("500m", "1Gi")]},
            PodRequest(1500, 2 * GIB),
        ),
        (
            {"containers": [container("1", "1Gi")], "initContainers": [container("2", "64Mi")] * 2},
            PodRequest(2000, GIB),
        ),
        (
            {"containers": [container("1", "1Gi")], "overhead": {"cpu": "250m"}},
            PodRequest(1250, GIB),
        ),
    ],
)
def test_what_a_pod_requests(spec: dict[str, Any], request_: PodRequest) -> None:
    assert PodRequest.of({"spec": spec}) == request_


@pytest.mark.parametrize(
    ("waiting", "rooms", "needed"),
    [
        ({}, [], 0),
        ({PodRequest(3000, 0): 7}, [], 7),
        ({PodRequest(3000, 0): 7}, [NodeRoom(), NodeRoom()], 5),
        ({PodRequest(3000, 0): 7}, [NodeRoom(milli_cpus=2999)], 7),
        ({PodRequest(1000, 0): 9}, [], 3),
        ({PodRequest(1000, 0): 9}, [NodeRoom(milli_cpus=1500)], 2),
        ({PodRequest(100, 8 * GIB): 4}, [], 2),
        ({PodRequest(0, 0): 111}, [], 2),
        # The small ones find room beside the large ones.
        ({PodRequest(1000, 0): 3, PodRequest(3000, 0): 3}, [], 3),
        ({PodRequest(1000, 0): 4, PodRequest(3000, 0): 3}, [], 4),
    ],
)
def test_as_many_nodes_are_needed_as_hold_what_finds_no_room(
    waiting: dict[PodRequest, int], rooms: list[NodeRoom], needed: int
) -> None:
    assert nodes_needed(waiting, rooms) == needed


def test_a_room_takes_what_fits_and_has_less_then() -> None:
    room = NodeRoom()
    assert room.take(PodRequest(1500, GIB), 5) == 2
    assert (room.milli_cpus, room.pods) == (NODE - 3000, 108)
    assert room.take(PodRequest(1500, GIB)) == 0
