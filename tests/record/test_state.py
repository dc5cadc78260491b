"""States in which faults begin: what they say, and that each can be known while the drill runs."""

import pytest

from kubedrill.record.objective import ObjectiveError
from kubedrill.record.state import check_state, parse_state


@pytest.mark.parametrize(
    ("text", "state", "threshold", "within_s"),
    [
        ("objects.pods >= 5000 within 2m", "objects.pods >= 5000", 5000, 120),
        ("list.p99 > 250ms within 90s", "list.p99 > 250ms", 0.25, 90),
        ("  etcd.healthy_members == 3   within 0.5s ", "etcd.healthy_members == 3", 3, 0.5),
        ("availability.writes < 99% within 10s", "availability.writes < 99%", 0.99, 10),
    ],
)
def test_a_state(text: str, state: str, threshold: float, within_s: float) -> None:
    read = parse_state(text)
    check_state(read, ["list"])
    assert (read.text, read.objective.threshold, read.within_s) == (state, threshold, within_s)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("objects.pods >= 5000", "does not say for how long it is waited; write: ... within 2m"),
        ("objects.pods >= 5000 within 0s", "within 0s is not waited for at all"),
        ("objects.pods >= 5000 within soon", "soon"),
        ("objects.pods >= 50% within 2m", "objects.pods takes a plain number"),
        ("objects.widgets >= 5 within 2m", 'unknown series "objects.widgets"'),
        ("objects.pods.max >= 5 within 2m", "objects.pods.max cannot begin a fault; what is"),
        ("list.p50 > 1s within 2m", "list.p50 cannot begin a fault"),
        ("lst.p99 > 1s within 2m", 'unknown series "lst.p99"; did you mean "list"?'),
        ("etcd.db_bytes > 1GB within 2m", "etcd.db_bytes cannot begin a fault"),
        ("within 2m", "does not say for how long"),
        (f"objects.pods >= {'5' * 200} within 2m", "does not say for how long"),
    ],
)
def test_what_is_no_state_is_told(text: str, said: str) -> None:
    with pytest.raises(ObjectiveError) as refused:
        check_state(parse_state(text), ["list"])
    assert said in str(refused.value)
