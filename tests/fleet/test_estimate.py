"""What a fleet takes of a machine, and whether it has that."""

import pytest

from kubedrill.fleet.estimate import HostRoom, needs, too_large
from kubedrill.record.autoscaler import Autoscaler
from kubedrill.record.fleet import Burst, Fleet
from kubedrill.record.schedule import WantedHeadroom

HOST_ROOM = HostRoom(cores=2.0, memory_bytes=16 * 2**30)


@pytest.mark.parametrize(
    ("bursts", "most"),
    [
        ((), 10),
        ((Burst(5, 1.0), Burst(5, 2.0)), 20),
        ((Burst(5, 1.0, 10.0), Burst(7, 20.0, 10.0)), 17),
        ((Burst(5, 1.0, 10.0), Burst(7, 11.0)), 17),  # the one comes as the other goes
        ((Burst(5, 1.0, 30.0), Burst(7, 20.0, 10.0)), 22),
    ],
)
def test_what_counts_is_how_many_are_there_at_the_same_time(
    bursts: tuple[Burst, ...], most: int
) -> None:
    assert needs(Fleet(nodes=10, bursts=bursts)).nodes == most


def test_leases_of_5_000_nodes_need_two_cores() -> None:
    asked = needs(Fleet(nodes=5000))
    assert 1.9 < asked.cores < 2.4
    assert asked.memory_bytes == 11_000_000_000


@pytest.mark.parametrize(
    ("nodes", "headroom", "room", "said"),
    [
        (3000, "required", HOST_ROOM, ""),
        (
            4000,
            "required",
            HOST_ROOM,
            (
                "fleet: 4,000 nodes keep about 1.7 cores busy with their Leases alone, and this machine "
                "has 2, a quarter of which must stay free; at most 3,477 fit, or say headroom: none"
            ),
        ),
        (4000, "none", HOST_ROOM, ""),
        (
            6000,
            "none",
            HOST_ROOM,
            (
                "fleet: 6,000 nodes keep about 2.6 cores busy with their Leases alone, and this machine "
                "has 2; at most 4,636 fit"
            ),
        ),
        (
            3000,
            "none",
            HostRoom(2.0, 2**30),
            "fleet: 3,000 nodes take about 6.1 GiB of memory, and 1.0 GiB are free; at most 488 fit",
        ),
    ],
)
def test_more_than_a_machine_holds_is_refused_with_the_estimate(
    nodes: int, headroom: WantedHeadroom, room: HostRoom, said: str
) -> None:
    assert too_large(Fleet(nodes=nodes), headroom, room) == said


def test_where_there_is_no_fleet_there_is_room() -> None:
    assert too_large(None, "required", HostRoom(0.0, 0)) == ""


def test_what_an_autoscaler_may_order_counts_and_nodes_of_others_do_not() -> None:
    scaled = Fleet(nodes=3, autoscaler=Autoscaler(300))
    assert needs(scaled).nodes == 300
    room = HostRoom(cores=0.0, memory_bytes=0)
    assert too_large(scaled, "none", room).startswith("fleet: 300 nodes take about")
    assert too_large(Fleet(engine="cluster"), "none", room) == ""
