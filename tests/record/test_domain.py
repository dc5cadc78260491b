"""Objectives that every measurement meets, or none: found out, and no others."""

import pytest

from kubedrill.record.domain import Room, check_decides
from kubedrill.record.objective import ObjectiveError, check, parse
from kubedrill.record.series import spelled

LOADS = ["list", "list.page"]
ROOM = Room(phase_s=20, rest_s=36, drill_s=46, members=3)
UNITS = {"s": "s", "ratio": "%", "1/s": "/s", "bytes": "B", "bytes/s": "B/s", "cpu": "cpu", "1": ""}


def decides(text: str, room: Room = ROOM) -> str:
    """Return what is said against an objective; nothing if it decides."""
    objective = parse(text)
    check(objective, LOADS)
    try:
        check_decides(objective, LOADS, room)
    except ObjectiveError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("availability >= 0%", "cannot fail: availability is never below 0"),
        ("availability <= 100%", "cannot fail: availability is never above 100%"),
        ("availability > 100%", "cannot pass: availability is never above 100%"),
        ("availability.apiserver-a < 0%", "cannot pass: availability.apiserver-a is never below 0"),
        ("list.error_rate <= 100%", "cannot fail"),
        ("list.p99 < 10h", "cannot fail: list.p99 is never above 36s"),
        ("list.p99 > 36s", "cannot pass"),
        ("list.p99 > 0s", "cannot fail: list.p99 is always above 0"),
        ("list.p99 <= 0s", "cannot pass: list.p99 is always above 0"),
        ("probe.read.p99 <= 36s", "cannot fail"),
        ("staleness.max < 47s", "cannot fail: staleness.max is never above 46s"),
        ("unavailable.longest <= 1m", "cannot fail"),
        ("fault.time_to_detect < 1h", "cannot fail"),
        ("etcd.fsync.p99 < 1h", "cannot fail"),
        ("list.count >= 0", "cannot fail: list.count is never below 0"),
        ("list.count < 0", "cannot pass"),
        ("list.count < 99999999", "cannot fail: list.count is never above 20000000"),
        ("list.count <= 100% of offered", "cannot fail: list.count is never above 100%"),
        ("list.rate >= 0% of offered", "cannot fail"),
        ("list.rate > 9999999/s", "cannot pass: list.rate is never above 1000000/s"),
        ("probe.failed >= 0", "cannot fail"),
        ("etcd.elections >= 0", "cannot fail"),
        ("etcd.healthy_members == 300", "cannot pass: etcd.healthy_members is never above 3"),
        ("etcd.healthy_members.min >= 4", "cannot pass"),
        ("etcd.healthy_members < 4", "cannot fail"),
        ("etcd.leaders == 4", "cannot pass"),
        ("eventually(etcd.healthy_members >= 0) within 5s", "cannot fail"),
        ("eventually(objects.pods >= 0% of list.offered) within 5s", "cannot fail"),
        ("objects.pods <= 1000000000", "cannot fail"),
        ("apiserver.rss < 99999GiB", "cannot fail: apiserver.rss is never above 64000GB"),
        ("apiserver.cpu.rate < 2000cpu", "cannot fail: apiserver.cpu.rate is never above 1024cpu"),
        ("apiserver.cpu < 9h", "cannot fail: apiserver.cpu is never above 20480s"),
    ],
)
def test_what_says_nothing(text: str, said: str) -> None:
    assert f'"{text}" {said}' in decides(text)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=="])
@pytest.mark.parametrize("left", spelled(LOADS))
def test_whatever_is_measured_has_thresholds_between(left: str, operator: str) -> None:
    for unit in UNITS.values():
        text = f"{left} {operator} 1{unit}"
        try:
            check(parse(text), LOADS)
        except ObjectiveError:
            continue
        assert decides(text) == "", text
        return
    raise AssertionError(f"{left} takes no unit")


@pytest.mark.parametrize(
    "text",
    [
        "availability == 0%",
        "list.error_rate == 0%",
        "list.p99 < 35s",
        "list.rate == 100% of offered",
        "list.page.count <= 300% of offered",
        "objects.pods <= 110% of seeded",
        "etcd.healthy_members == 3",
        "etcd.healthy_members == 0",
        "probe.failed == 0",
    ],
)
def test_what_says_something(text: str) -> None:
    assert decides(text) == ""


@pytest.mark.parametrize("text", ["list.p99 < 10h", "etcd.healthy_members == 300"])
def test_what_is_not_known_bounds_nothing(text: str) -> None:
    assert decides(text, Room()) == ""
