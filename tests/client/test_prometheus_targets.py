"""What a Prometheus scrapes of a cluster: found with its interval, and refused where it is of no use."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from prometheus_stand_in import PrometheusStandIn, prometheus_stand_in

from kubedrill.client.prometheus import PrometheusApi, PrometheusError
from kubedrill.client.prometheus_targets import known_clock, look_at
from kubedrill.clock import SECOND, now
from kubedrill.record.prometheus import PrometheusSource, PrometheusTold

ETCD = {"etcd": 'job="etcd"'}


@pytest.fixture
def stand_in() -> Iterator[PrometheusStandIn]:
    with prometheus_stand_in() as made:
        yield made


def look(stand_in: PrometheusStandIn, *needed: str, **select: str) -> PrometheusTold:
    source = PrometheusSource(stand_in.url, {**ETCD, **select})
    with closing(PrometheusApi(source)) as api:
        return look_at(api, source, needed)


def scraped(
    stand_in: PrometheusStandIn,
    instance: str = "10.0.0.1:2379",
    every_s: float = 15.0,
    **more: object,
) -> None:
    """Let a member have been scraped for two minutes, until just now."""
    for number in range(9):
        at = stand_in.now() - every_s * (8 - number) - 0.5
        stand_in.scrape("etcd", instance, {}, at, **more)  # type: ignore[arg-type]


def refused(stand_in: PrometheusStandIn, **select: str) -> str:
    with pytest.raises(PrometheusError) as error:
        look(stand_in, "etcd", **select)
    return str(error.value)


def test_each_component_is_found_with_its_labels_and_how_often_it_is_scraped(
    stand_in: PrometheusStandIn,
) -> None:
    stand_in.ahead_s = -7200.0
    scraped(stand_in, namespace="kube-system")
    scraped(stand_in, "10.0.0.2:2379", 30.0)
    told = look(stand_in)
    assert [(target.name, target.every_s) for target in told.targets] == [
        ("etcd-10.0.0.1:2379", 15.0),
        ("etcd-10.0.0.2:2379", 30.0),
    ]
    assert told.targets[0].labels == {
        "job": "etcd",
        "instance": "10.0.0.1:2379",
        "namespace": "kube-system",
    }
    assert told.slowest_s == 30.0
    ahead = round(stand_in.now() * SECOND) - now()
    assert abs(told.clock_ahead - ahead) <= told.clock_within + 5_000_000


def test_a_kind_that_is_not_scraped_is_left_out_unless_it_is_needed(
    stand_in: PrometheusStandIn,
) -> None:
    assert look(stand_in).targets == ()
    assert 'etcd: it scrapes none: up{job="etcd"} has no sample of late' in refused(stand_in)


def test_a_component_that_is_gone_is_none(stand_in: PrometheusStandIn) -> None:
    scraped(stand_in)
    for ago in (200, 185, 170):
        stand_in.scrape("etcd", "10.0.0.9:2379", {}, stand_in.now() - ago)
    assert [target.name for target in look(stand_in, "etcd").targets] == ["etcd-10.0.0.1:2379"]


def test_a_component_that_cannot_be_scraped_now_is_refused(stand_in: PrometheusStandIn) -> None:
    scraped(stand_in)
    stand_in.scrape("etcd", "10.0.0.1:2379", {}, up=False)
    assert "etcd: it cannot scrape 10.0.0.1:2379 just now" in refused(stand_in)
    assert look(stand_in).targets == ()


def test_several_series_of_an_instance_are_not_told_apart_by_guessing(
    stand_in: PrometheusStandIn,
) -> None:
    for cluster in ("staging", "production"):
        scraped(stand_in, cluster=cluster)
    said = refused(stand_in)
    assert 'is several series of instance "10.0.0.1:2379"' in said
    assert "say in select how those of this cluster are told apart" in said
    told = look(stand_in, "etcd", etcd='job="etcd",cluster="staging"')
    assert len(told.targets) == 1


def test_what_is_scraped_too_seldom_or_only_once_is_refused(stand_in: PrometheusStandIn) -> None:
    stand_in.scrape("etcd", "10.0.0.1:2379", {})
    assert "it has scraped 10.0.0.1:2379 only once so far" in refused(stand_in)
    stand_in.series.clear()
    for ago in (260.5, 130.5, 0.5):
        stand_in.scrape("etcd", "10.0.0.1:2379", {}, stand_in.now() - ago)
    assert "it scrapes 10.0.0.1:2379 every 130 s; 120 s may be" in refused(stand_in)


def test_a_clock_that_is_not_known_well_is_refused(stand_in: PrometheusStandIn) -> None:
    source = PrometheusSource(stand_in.url, ETCD)
    stand_in.slow_s = 0.05
    with closing(PrometheusApi(source)) as api:
        with pytest.raises(
            PrometheusError, match=r"its clock is known to .* only, since it answers"
        ):
            known_clock(api, within=20_000_000)
        assert known_clock(api).within >= 25_000_000
