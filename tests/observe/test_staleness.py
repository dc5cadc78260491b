import pytest

from kubedrill.observe.staleness import Acknowledged, ProbeObjects

WRITES = ((10, 1000), (11, 2000), (13, 2500), (12, 3000))


@pytest.mark.parametrize(
    ("version", "started", "staleness"),
    [
        (13, 5000, 0),  # the newest
        (99, 5000, 0),  # newer than any of ours
        (12, 5000, 2500),  # misses 13, acknowledged at 2500
        (11, 5000, 2500),  # misses 12 and 13: the older acknowledgement counts, not the version
        (10, 5000, 3000),  # misses all from 11 on
        (9, 5000, 4000),
        (11, 2400, 0),  # what it misses was acknowledged after it began
        (10, 2000, 0),  # acknowledged at the very moment: age 0
        (12, 2600, 100),
        (9, 500, 0),
    ],
)
def test_staleness(version: int, started: int, staleness: int) -> None:
    acknowledged = Acknowledged()
    for written, time in WRITES:
        acknowledged.add(written, time)
    assert acknowledged.staleness(version, started) == staleness


def test_nothing_acknowledged_is_nothing_missed() -> None:
    assert Acknowledged().staleness(1, 10) == 0


def test_old_acknowledgements_are_forgotten_new_ones_are_not() -> None:
    acknowledged = Acknowledged()
    for version in range(50_000):
        acknowledged.add(version, version * 10)
    assert len(acknowledged._versions) <= 20_000
    assert acknowledged.staleness(49_990, 500_000) == 500_000 - 499_910


def test_a_read_asks_for_what_was_acknowledged_last() -> None:
    objects = ProbeObjects(3)
    assert [objects.next_for("write") for _ in range(4)] == [0, 1, 2, 0]
    assert [objects.next_for("stale-read") for _ in range(4)] == [0, 1, 2, 0]
    assert objects.next_for("read") == 0
    for number, version, time in ((1, 10, 1000), (2, 11, 2000)):
        objects.add(number, version, time)
        assert objects.next_for("read") == number
    assert objects.staleness(2, 9, started=5000) == 3000
    assert objects.staleness(1, 10, started=5000) == 0
    assert objects.staleness(0, 9, started=5000) == 0
