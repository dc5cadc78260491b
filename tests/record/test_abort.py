"""Abort conditions: what they say, and that each can be met, and need not be."""

import pytest

from kubedrill.record.abort import check_abort, parse_abort
from kubedrill.record.live_series import LIVE_SERIES
from kubedrill.record.objective import ObjectiveError

WATCHED = f"{', '.join(LIVE_SERIES)}, and p99 and error_rate of each load"


@pytest.mark.parametrize(
    "text",
    [
        "list.p99 > 3s for 5s",
        "list.error_rate > 10% for 5s",
        "etcd.healthy_members < 2 for 5s",
        "etcd.healthy_members <= 1 for 5s",
        "etcd.rss > 2GB for 5s",
        "apiserver.rss > 2GB for 5s",
        "etcd.fsync.p99 > 500ms for 5s",
        "nodes.not_ready > 3 for 5s",
        "objects.secrets > 50000 for 5s",
    ],
)
def test_what_is_known_live_can_end_a_drill(text: str) -> None:
    check_abort(parse_abort(text), ["list"])


def test_abort_conditions() -> None:
    condition = parse_abort("availability < 50% for 30s")
    check_abort(condition, [])
    assert (condition.objective.series, condition.objective.threshold) == ("availability", 0.5)
    assert (condition.text, condition.for_s) == ("availability < 50% for 30s", 30.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "availability < 50%",
            '"availability < 50%" does not say for how long; write: ... for 30s',
        ),
        ("availability < 50% for 30", '"30" is not a duration: 250ms, 10s, 1m30s'),
        ("availability < 50 for 30s", "availability takes a share: 99.9%; write 50%"),
        (
            "list.p50 > 3s for 1s",
            f"list.p50 cannot end a drill; what is watched while it runs: {WATCHED}",
        ),
        (
            "etcd.rss.max > 3GB for 1s",
            f"etcd.rss.max cannot end a drill; what is watched while it runs: {WATCHED}",
        ),
        (
            "etcd.fsync.p50 > 1s for 1s",
            f"etcd.fsync.p50 cannot end a drill; what is watched while it runs: {WATCHED}",
        ),
    ],
)
def test_what_is_no_abort_condition(text: str, message: str) -> None:
    with pytest.raises(ObjectiveError) as caught:
        check_abort(parse_abort(text), ["list"])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("availability > 0% for 1s", "would end a drill in which all is well"),
        ("availability >= 50% for 1s", "would end a drill in which all is well"),
        ("availability <= 100% for 1s", "would end a drill in which all is well"),
        ("availability < 500% for 1s", "a share is at most 100%"),
        ("availability == 100% for 1s", "would end a drill in which all is well"),
        ("availability.reads < 0% for 1s", "is not so even where nothing is answered"),
        ("availability.writes == 50% for 1s", "is not so even where nothing is answered"),
        ("availability > 100% for 1s", "is not so even where nothing is answered"),
        ("availability < 50% for 0s", "say for how long"),
        ("list.p99 < 3s for 1s", "would end a drill in which all is well; write >"),
        ("list.error_rate > 100% for 1s", "at most 100%|is not so even where"),
        ("list.error_rate >= 0% for 1s", "would end a drill in which all is well; write >"),
        ("etcd.healthy_members > 2 for 1s", "would end a drill in which all is well; write <"),
        ("etcd.healthy_members < 0 for 1s", "is not so even where no member is healthy"),
        ("etcd.rss < 2GB for 1s", "would end a drill in which all is well; write >"),
        ("availability < 50% for 40s", "can end nothing: the whole drill lasts 40s"),
        ("availability < 50% for 10h", "can end nothing: the whole drill lasts 40s"),
        (f"availability < 50% for {'1' * 190}s", "does not say for how long"),
        (f"availability{' ' * 200_000} < 50% for 1s", "does not say for how long"),
    ],
)
def test_an_abort_condition_can_hold_and_need_not(text: str, said: str) -> None:
    with pytest.raises(ObjectiveError, match=said):
        check_abort(parse_abort(text), ["list"], 40)


@pytest.mark.parametrize("text", ["availability == 0% for 5s", "availability <= 0% for 39.9s"])
def test_an_abort_condition_of_nothing_at_all(text: str) -> None:
    check_abort(parse_abort(text), [], 40)
