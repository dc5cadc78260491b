from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from kubedrill.clock import SECOND
from kubedrill.record.cluster import BREAK_GLASS, ClusterRecord, Component, Endpoint, Identity
from kubedrill.record.probing import all_lanes, arrivals, dues, sidecar
from kubedrill.record.schedule import ProbeRates, Probing
from kubedrill.record.series import scored


@pytest.fixture
def record() -> ClusterRecord:
    apiservers = tuple(
        Component(f"kube-apiserver-{zone}", "kube-apiserver", zone, Endpoint("198.18.0.1", 6443))
        for zone in "abc"
    )
    return ClusterRecord(
        "x", "local", "netns", ("a", "b", "c"), "", Endpoint("127.0.0.1", 1), "", "",
        apiservers, {}, (), {},
    )  # fmt: skip


def test_every_path_verb_and_level_is_probed_at_its_rate(record: ClusterRecord) -> None:
    series = all_lanes(record, Probing())
    assert {lane.name: lane.rate for lane in series} == {
        "balancer/fresh/read/prober": 10,
        "balancer/fresh/write/prober": 10,
        "balancer/kept/read/prober": 5,
        "balancer/kept/write/prober": 5,
        "balancer/kept/stale-read/prober": 2,
        "balancer/fresh/read/load": 2,
        "balancer/fresh/write/load": 2,
        **{
            f"apiserver-{zone}/kept/{verb}/prober": 2
            for zone in "abc"
            for verb in ("read", "write")
        },
    }


def test_break_glass_tries_every_way_after_all_others(record: ClusterRecord) -> None:
    known = replace(record, identities={BREAK_GLASS: Identity(BREAK_GLASS)})
    series = all_lanes(known, Probing())
    assert series[:13] == all_lanes(record, Probing())
    assert {lane.name: lane.rate for lane in series[13:]} == {
        f"{way}/fresh/read/exempt": 1
        for way in ("balancer", "apiserver-a", "apiserver-b", "apiserver-c")
    }
    assert not any(scored(lane.verb, lane.level) for lane in series[13:])


def test_rate_0_is_no_series(record: ClusterRecord) -> None:
    series = all_lanes(record, Probing(rates=ProbeRates(victim=0, apiserver=0)))
    assert {lane.path for lane in series} == {"balancer"}
    assert {lane.level for lane in series} == {"prober"}


def test_arrivals_are_ordered_exact_in_number_and_never_at_once(record: ClusterRecord) -> None:
    series = all_lanes(record, Probing())
    start = 123_456_789_000
    due = list(arrivals(series, start, start + 60 * SECOND))
    assert due == sorted(due)
    assert start <= due[0][0]
    assert due[-1][0] < start + 60 * SECOND
    counts = Counter(index for _, index in due)
    assert {series[index].name: n / 60 for index, n in counts.items()} == {
        lane.name: pytest.approx(lane.rate, abs=1 / 60) for lane in series
    }
    assert min(later[0] - earlier[0] for earlier, later in pairwise(due)) > 50_000


def test_odd_rates_do_not_drift(record: ClusterRecord) -> None:
    series = all_lanes(record, Probing(rates=ProbeRates(fresh=3, kept=0, stale=0, victim=0)))
    reads = [time for time, index in arrivals(series, 0, 1000 * SECOND) if index == 0]
    assert len(reads) == 3000
    assert reads[-1] == 2999 * SECOND // 3


def test_sidecar_names_series_and_known_targets(record: ClusterRecord) -> None:
    probing = Probing()
    beside = sidecar(all_lanes(record, probing), probing)
    assert beside.series[0].model_dump() == {
        "name": "balancer/fresh/read/prober",
        "path": "balancer",
        "connection": "fresh",
        "verb": "read",
        "level": "prober",
    }
    assert beside.targets == ("unknown", "apiserver-a", "apiserver-b", "apiserver-c")
    assert beside.deadline_s == 1.0


@pytest.mark.parametrize("rate", [1e-9, 0.3, 3.0, 7.77, 1234.5, 99_999.0])
def test_rounding_is_that_of_one_probe_by_itself(record: ClusterRecord, rate: float) -> None:
    probing = Probing(rates=ProbeRates(fresh=rate, kept=0, stale=0, victim=0, apiserver=0))
    start, end = 123_456_789_001, 123_456_789_001 + 3 * SECOND + 17
    for index, lane in enumerate(all_lanes(record, probing)):
        found = np.concatenate(list(dues(lane, index, start, end))).tolist()
        phase = index * 0.6180339887498949 % 1.0
        count = int(3.1 * rate) + 2
        by_itself = (start + int((number + phase) * SECOND / rate) for number in range(count))
        assert found == [due for due in by_itself if due < end]
