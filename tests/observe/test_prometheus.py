"""The scraper asks a Prometheus: each scrape is kept at its own time, and each failure is told."""

import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from prometheus_stand_in import PrometheusStandIn, prometheus_stand_in

from kubedrill.client.prometheus import PrometheusApi
from kubedrill.client.prometheus_targets import look_at
from kubedrill.clock import SECOND, now
from kubedrill.judge.pages import Scrape, read_scrapes
from kubedrill.observe.prometheus import TOLERANCE, PrometheusWatch
from kubedrill.process.child import Child
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines, write_typed
from kubedrill.record.prometheus import TOKEN, PrometheusSource
from kubedrill.record.schedule import allowed_hole

LEADS = ("etcd_server_is_leader", ())
MEMBERS = ("10.0.0.1:2379", "10.0.0.2:2379")
EVERY_S = 10.0
AGO_S = 0.5
"""So long ago the newest scrape is when the drill begins."""


@pytest.fixture
def stand_in() -> Iterator[PrometheusStandIn]:
    with prometheus_stand_in() as made:
        made.ahead_s = 1800.0
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "drill")


def scrape(stand_in: PrometheusStandIn, ago_s: float, value: float, up: bool = True) -> None:
    """Let each member have been scraped so long ago."""
    at = stand_in.now() - ago_s
    for member in MEMBERS:
        stand_in.scrape("etcd", member, {LEADS[0]: value}, at, up)


def begun(stand_in: PrometheusStandIn, folder: RunFolder) -> PrometheusSource:
    """Have it scraped for a minute, as the drill begins."""
    for number in range(6):
        scrape(stand_in, AGO_S + EVERY_S * (5 - number), float(number))
    source = PrometheusSource(stand_in.url, {"etcd": 'job="etcd"'})
    with closing(PrometheusApi(source)) as api:
        write_typed(folder.prometheus, look_at(api, source, ["etcd"]))
    return source


@pytest.fixture
def watch(stand_in: PrometheusStandIn, folder: RunFolder) -> Iterator[PrometheusWatch]:
    """Who asks it, as the drill begins."""
    source = begun(stand_in, folder)
    with (
        closing(JsonLines(folder.metrics_index)) as index,
        closing(PrometheusWatch(folder, index, source)) as made,
    ):
        yield made


def scrapes(folder: RunFolder, member: str = MEMBERS[0]) -> list[Scrape]:
    return [found for found in read_scrapes(folder) if found.component == f"etcd-{member}"]


def errors(folder: RunFolder) -> set[str]:
    """Return what was told instead of pages, the same of each member."""
    told = [{found.error for found in scrapes(folder, member)} - {""} for member in MEMBERS]
    assert told[0] == told[1]
    return told[0]


def test_each_scrape_is_kept_once_at_a_time_that_holds_its_own(
    stand_in: PrometheusStandIn, folder: RunFolder, watch: PrometheusWatch
) -> None:
    watch.once(now())
    watch.once(now())
    at = now()
    scrape(stand_in, 0.0, 9.0)
    watch.once(now())
    found = scrapes(folder)
    assert [page.values[LEADS] for page in found[-2:]] == [5.0, 9.0]
    assert len({page.time for page in found}) == len(found)
    assert not errors(folder)
    took, millisecond = 4_000_000, 1_000_000
    assert found[-1].time <= at + TOLERANCE + 2 * millisecond
    assert found[-1].end >= at + took - 2 * millisecond
    assert {page.wire_bytes for page in found} == {0}


def test_scrapes_that_it_was_not_asked_for_in_time_are_all_told_later(
    stand_in: PrometheusStandIn, folder: RunFolder, watch: PrometheusWatch
) -> None:
    watch.once(now())
    before = len(scrapes(folder))
    for ago_s, value in ((0.3, 6.0), (0.2, 7.0), (0.1, 8.0)):
        scrape(stand_in, ago_s, value)
    watch.once(now())
    assert [page.values[LEADS] for page in scrapes(folder)[before:]] == [6.0, 7.0, 8.0]


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ((500, b""), "it answered 500"),
        ((401, b"Unauthorized\n"), "answered 401; it wants a token"),
        ((200, b"<html>"), "is no Prometheus"),
    ],
)
def test_what_it_has_not_told_for_too_long_stands_in_the_index_for_every_component(
    stand_in: PrometheusStandIn,
    folder: RunFolder,
    watch: PrometheusWatch,
    fails: tuple[int, bytes],
    words: str,
) -> None:
    stand_in.fails = fails
    since = now() - allowed_hole(EVERY_S) - SECOND
    watch.once(since)
    [told] = errors(folder)
    assert words in told
    assert [found.time for found in scrapes(folder)] == [since]


@pytest.mark.parametrize("answers", [True, False])
def test_an_answer_that_fails_loses_nothing_if_the_next_does_not(
    stand_in: PrometheusStandIn, folder: RunFolder, watch: PrometheusWatch, answers: bool
) -> None:
    stand_in.fails = (503, b"")
    due = now()
    watch.once(due)
    assert scrapes(folder) == []
    scrape(stand_in, 0.1, 9.0)
    stand_in.fails = None if answers else (503, b"")
    ended = threading.Event()
    ended.set()
    watch.run([due], ended)  # the drill's end, at which it is asked once more
    if answers:
        assert not errors(folder)
        assert [page.values[LEADS] for page in scrapes(folder)][-2:] == [5.0, 9.0]
    else:
        assert [(found.time, found.error) for found in scrapes(folder)] == [
            (due, "it answered 503")
        ]


def test_a_component_that_it_could_not_scrape_did_not_answer(
    stand_in: PrometheusStandIn, folder: RunFolder, watch: PrometheusWatch
) -> None:
    scrape(stand_in, 0.1, 0.0, up=False)
    watch.once(now())
    assert errors(folder) == {"Prometheus could not scrape it"}
    assert scrapes(folder)[-1].error


def test_what_is_too_old_is_told_of(
    stand_in: PrometheusStandIn, folder: RunFolder, watch: PrometheusWatch
) -> None:
    stand_in.series = {
        labels: [(at - 40.0, value) for at, value in samples]
        for labels, samples in stand_in.series.items()
    }
    watch.once(now())
    [told] = errors(folder)
    assert told.startswith("what Prometheus has of it is ")
    assert told.endswith(" s old")


def test_a_component_that_was_not_there_before_is_not_left_out_in_silence(
    stand_in: PrometheusStandIn, folder: RunFolder, watch: PrometheusWatch
) -> None:
    stand_in.scrape("etcd", "10.0.0.9:2379", {})
    watch.once(now())
    assert errors(folder) == {"it scrapes 10.0.0.9:2379 besides, which it did not before"}


def test_a_clock_that_is_changed_meanwhile_is_found_out(
    stand_in: PrometheusStandIn, folder: RunFolder, watch: PrometheusWatch
) -> None:
    for _ in range(3):  # what is only not quite as fast as ours is followed
        stand_in.ahead_s += 0.8
        watch.once(now())
    assert not errors(folder)
    stand_in.ahead_s += 5.0
    due = [now(), now()]  # and what was stored before is never told by the clock of after
    for at in due:
        watch.once(at)
    assert all(told.startswith("its clock was changed by ") for told in errors(folder))
    assert [found.time for found in scrapes(folder) if found.error] == due


@pytest.fixture
def drill(stand_in: PrometheusStandIn, local, server, reply):
    """A drill whose cluster has this Prometheus, and no component that is reached otherwise."""
    made = local(server(lambda *_: reply(b"")).endpoint)
    made.record = replace(made.record, prometheus=begun(stand_in, made.folder))
    made.record.write(made.folder.cluster)
    return made


@pytest.mark.alone
def test_the_scraper_waits_for_a_scrape_after_the_end_and_keeps_the_token_to_itself(
    stand_in: PrometheusStandIn, drill, scheduled, wait_for
) -> None:
    stand_in.token = "s3cret-of-theirs"
    command = [sys.executable, "-m", "kubedrill.observe.scraper", "--run", str(drill.folder.path)]
    log = drill.folder.logs / "scraper.log"
    child = Child.start("scraper", command, log, {TOKEN: stand_in.token})
    drill.children.append(child)
    child.wait_ready(60)
    schedule = scheduled(1)
    child.go({"schedule": schedule.as_dict()})
    wait_for(lambda: now() > schedule.end + SECOND // 2)
    assert child.poll() is None
    assert stand_in.token not in " ".join(psutil.Process(child.pid).cmdline())
    scrape(stand_in, 0.0, 9.0)
    drill.finish(child)
    assert scrapes(drill.folder)[-1].time >= schedule.end
    assert not errors(drill.folder)
    files = [file for file in drill.folder.path.rglob("*") if file.is_file()]
    assert drill.folder.metrics_index in files
    assert not [file for file in files if stand_in.token.encode() in file.read_bytes()]
