"""What a Prometheus answers becomes the pages that each component had, scrape by scrape."""

from kubedrill.client.prometheus import SeriesSamples
from kubedrill.clock import MILLISECOND, SECOND
from kubedrill.judge.pages import parse
from kubedrill.observe.told_pages import names_of, pages_of
from kubedrill.record.prometheus import ScrapedTarget

TARGET = {"job": "etcd", "instance": "10.0.0.1:2379"}
MEMBER = ScrapedTarget(name="etcd-10.0.0.1:2379", kind="etcd", labels=TARGET, every_s=15)
FIRST, SECOND_TIME = 1_000 * SECOND, 1_015 * SECOND + 3 * MILLISECOND


def series(name: str, *values: str, **labels: str) -> SeriesSamples:
    times = (FIRST, SECOND_TIME)
    return SeriesSamples(
        {"__name__": name, **TARGET, **labels}, [*zip(times, values, strict=False)]
    )


UP = [series("up", "1", "1"), series("scrape_duration_seconds", "0.25", "0.5")]


def test_all_samples_of_a_time_are_a_page_in_the_components_own_words() -> None:
    leads = series("etcd_server_is_leader", "0", "1")
    odd = series("etcd_disk_wal_fsync_duration_seconds_bucket", "1", "2", le="+Inf", at='"\\\n')
    pages, strangers = pages_of([*UP, leads, odd], [MEMBER])
    assert strangers == []
    assert [(page.wall, page.took, page.is_up) for page in pages] == [
        (FIRST, SECOND // 4, True),
        (SECOND_TIME, SECOND // 2, True),
    ]
    assert "etcd_server_is_leader 1 1015003\n" in pages[1].text
    read = parse(pages[0].text)
    assert read["etcd_server_is_leader", ()] == 0.0
    labels = (("at", '"\\\n'), ("le", "+Inf"))
    assert read["etcd_disk_wal_fsync_duration_seconds_bucket", labels] == 1.0


def test_a_series_that_a_scrape_did_not_have_is_not_in_its_page() -> None:
    pages, _ = pages_of([*UP, series("etcd_server_is_leader", "1")], [MEMBER])
    assert [bool(parse(page.text)) for page in pages] == [True, False]


def test_a_scrape_that_failed_is_told_of() -> None:
    pages, _ = pages_of([series("up", "1", "0")], [MEMBER])
    assert [page.is_up for page in pages] == [True, False]


def test_who_was_not_there_before_is_a_stranger() -> None:
    other = SeriesSamples({"__name__": "up", "job": "etcd", "instance": "10.0.0.9:2379"}, [])
    moved = series("up", "1", pod="another")
    assert pages_of([*UP, other], [MEMBER])[1] == ["10.0.0.9:2379"]
    assert pages_of([moved], [MEMBER]) == ([], ["10.0.0.1:2379"])


def test_it_is_asked_for_what_any_metric_of_a_kind_is_measured_by() -> None:
    names = names_of("kube-apiserver")
    assert names[:2] == ("up", "scrape_duration_seconds")
    assert {
        "apiserver_request_total",
        "apiserver_request_sli_duration_seconds_bucket",
        "apiserver_watch_cache_initializations_total",  # a witness
    } <= {*names}
    assert not any(name.startswith("etcd_server") for name in names)
