"""What a cluster file allows at most: counts, shares, patterns, and times of the day."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from kubedrill.record.limits import Limits, LimitsPart, Window


def limits(**allowed: Any) -> Limits:
    lines = dict.fromkeys(allowed, 7)
    return Limits(LimitsPart.model_validate_json(json.dumps(allowed)), "clusters/x.yaml", lines)


@pytest.mark.parametrize(
    ("allowed", "kind", "count", "words"),
    [
        ({"members": 1}, "member", 1, ""),
        (
            {"members": 1},
            "member",
            2,
            "takes 2 members at once, and clusters/x.yaml:7 allows members: 1",
        ),
        (
            {"members": 0},
            "member",
            1,
            "takes 1 member at once, and clusters/x.yaml:7 allows members: 0",
        ),
        ({"members": 1}, "zone", 3, ""),
        ({"zones": 1}, "zone", 2, "allows zones: 1"),
        ({"nodes": 10}, "node", 11, "allows nodes: 10"),
        ({"apiservers": 1}, "apiserver", 2, "allows apiservers: 1"),
        ({"percent": 34}, "member", 1, ""),
        (
            {"percent": 33},
            "member",
            1,
            "takes 1 of 3 members at once, and clusters/x.yaml:7 allows percent: 33",
        ),
        ({"percent": 0}, "link", 3, ""),
        ({}, "member", 3, ""),
    ],
)
def test_how_many_at_once(allowed: dict[str, Any], kind: str, count: int, words: str) -> None:
    said = limits(**allowed).too_many(kind, count, 3)
    assert words in said
    assert bool(words) == bool(said)


@pytest.mark.parametrize(
    ("pattern", "fault", "forbidden"),
    [
        ("etcd.kill", "etcd.kill", True),
        ("etcd.kill", "etcd.killall", False),
        ("etcd.*", "etcd.pause", True),
        ("*.kill", "kube-apiserver.kill", True),
        ("activity", "activity", True),
        ("zone.*", "etcd.kill", False),
    ],
)
def test_names_and_patterns(pattern: str, fault: str, *, forbidden: bool) -> None:
    said = limits(forbidden=[pattern]).forbids(fault)
    assert bool(said) == forbidden
    if forbidden:
        assert said == f"{fault} is forbidden: clusters/x.yaml:7 says {pattern}"


BERLIN = {"days": ["mon", "tue"], "from": "09:00", "to": "17:00", "zone": "Europe/Berlin"}
NIGHT = {"days": ["fri"], "from": "22:00", "to": "04:00"}


@pytest.mark.parametrize(
    ("window", "at", "is_open"),
    [
        # Monday, 2026-11-30; Berlin is an hour ahead of UTC in winter, and two in summer
        (BERLIN, "2026-11-30T08:00", True),
        (BERLIN, "2026-11-30T07:59", False),
        (BERLIN, "2026-11-30T15:59", True),
        (BERLIN, "2026-11-30T16:00", False),
        (BERLIN, "2026-07-06T07:00", True),
        (BERLIN, "2026-12-02T09:00", False),
        # a Friday's night ends on Saturday
        (NIGHT, "2026-12-04T22:00", True),
        (NIGHT, "2026-12-05T03:59", True),
        (NIGHT, "2026-12-05T04:00", False),
        (NIGHT, "2026-12-04T03:00", False),
        ({}, "2026-12-04T23:59", True),
    ],
)
def test_a_window_is_of_its_time_zone(window: dict[str, Any], at: str, *, is_open: bool) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    said = limits(windows=[window]).closed(moment)
    assert (said == "") == is_open
    if said:
        assert f"{moment:%a %H:%M} UTC" in said
        assert "clusters/x.yaml:7 allows faults only" in said


def test_a_drill_must_end_its_injections_before_the_window_ends() -> None:
    monday = datetime(2026, 11, 30, 15, 50, tzinfo=UTC)
    assert limits(windows=[BERLIN]).closed(monday, monday.replace(minute=59)) == ""
    said = limits(windows=[BERLIN]).closed(monday, monday.replace(hour=16, minute=1))
    assert "until Mon 16:01 UTC" in said


def test_no_window_is_always_open() -> None:
    assert limits().closed(datetime.now(UTC)) == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("zone", "Europe/Berlyn"),
        ("from", "9:00"),
        ("to", "25:00"),
        ("days", []),
        ("days", ["monday"]),
    ],
)
def test_what_is_no_window(key: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        Window.model_validate_json(json.dumps({key: value}))


def test_bytes_are_written_as_people_do() -> None:
    assert limits(bytes="50MB").allowed.bytes == 50_000_000
    assert limits(bytes=1024).allowed.bytes == 1024
    with pytest.raises(ValidationError):
        limits(bytes="50s")
