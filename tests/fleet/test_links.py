"""How fast images come over links that are shared, by the fluid model."""

from math import log
from statistics import median, stdev

import pytest

from kubedrill.fleet.links import merged, rates, size_of
from kubedrill.record.fleet import Images, PullMode
from kubedrill.record.fleet_lines import Loading

GB, MB = 1e9, 1e6


def images(mode: PullMode = "plain", **more: float) -> Images:
    return Images(5 * GB, node_link=100 * MB, registry_link=1 * GB, mode=mode, **more)


@pytest.mark.parametrize(("pulling", "each"), [(1, 100 * MB), (10, 100 * MB), (40, 25 * MB)])
def test_a_node_gets_what_its_link_takes_or_its_share_of_the_registrys(
    pulling: int, each: float
) -> None:
    assert rates(images(), {"a": Loading(pulling, 7)}) == {"a": each}


def test_nobody_gets_more_for_what_others_pull() -> None:
    found = rates(images(), {"a": Loading(30), "b": Loading(10), "c": Loading(0, 5)})
    assert found == {"a": 25 * MB, "b": 25 * MB}


@pytest.mark.parametrize(
    ("loading", "each"),
    [
        (Loading(1), 100 * MB),  # it has nobody to get it from
        (Loading(100), 60 * MB),  # 10 of the registry, 50 of the others
        (Loading(1000), 51 * MB),
        (Loading(10), 100 * MB),
        (Loading(10, 90), 100 * MB),
    ],
)
def test_peers_send_to_each_other(loading: Loading, each: float) -> None:
    assert rates(images("p2p"), {"a": loading}) == pytest.approx({"a": each})
    assert rates(images("p2p", peer_link=0.0), {"a": loading}) == rates(images(), {"a": loading})


def test_what_nobody_has_yet_is_no_faster_than_the_registry() -> None:
    narrow = Images(GB, node_link=100 * MB, registry_link=20 * MB, mode="p2p", peer_link=90 * MB)
    assert rates(narrow, {"a": Loading(10)}) == {"a": 20 * MB}
    # One that has it may send it to the others.
    assert rates(narrow, {"a": Loading(10, 10)}) == {"a": 100 * MB}


def test_what_peers_send_each_other_leaves_the_registry_to_others() -> None:
    found = rates(images("p2p"), {"common": Loading(50, 50), "own": Loading(1)})
    assert found == {"common": 100 * MB, "own": 100 * MB}
    plain = rates(images(), {"common": Loading(50, 50), "own": Loading(1)})
    assert plain["own"] == pytest.approx(1 * GB / 51)


def test_no_link_carries_more_than_it_can() -> None:
    for mode in ("plain", "on_demand"):
        for many in (1, 9, 10, 11, 100):
            found = rates(images(mode), {"a": Loading(many), "b": Loading(2 * many)})
            assert found["a"] * many + found["b"] * 2 * many <= 1.0000001 * GB
            assert max(found.values()) <= 100 * MB


def test_processes_add_up_what_their_nodes_pull() -> None:
    parts = [{"a": Loading(1, 2)}, {"a": Loading(3, 4), "b": Loading(5, 6)}, {}]
    assert merged(parts) == {"a": Loading(4, 6), "b": Loading(5, 6)}


def test_an_image_is_as_large_in_every_run() -> None:
    sizes = [size_of(f"image-{number}", images(spread=0.5)) for number in range(500)]
    assert sizes == [size_of(f"image-{number}", images(spread=0.5)) for number in range(500)]
    assert 4.5 * GB < median(sizes) < 5.5 * GB
    assert 0.45 < stdev(map(log, sizes)) < 0.55
    assert size_of("any", images()) == 5 * GB
