"""index.html: whole, escaped, alone in the world; what it says of trends and service levels."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from html_page import HtmlPage
from past_runs import FIRST, spent, write_past

from kubedrill.history.levels import recent, service_levels
from kubedrill.history.page import write_index
from kubedrill.history.reading import read_history
from kubedrill.history.spark import spark
from kubedrill.history.trends import trends
from kubedrill.judge.budget import BUDGET_S

NOW = FIRST + timedelta(days=20)
HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def page(month: Path, tmp_path_factory: pytest.TempPathFactory) -> HtmlPage:
    return HtmlPage(write_index(month, NOW).read_text(encoding="utf-8"))


def test_every_run_is_there_and_leads_to_its_report_if_it_has_one(tmp_path: Path) -> None:
    with_report, without = (write_past(tmp_path, at=FIRST + timedelta(days=n)) for n in range(2))
    with_report.report.write_text("")
    page = HtmlPage(write_index(tmp_path, NOW).read_text())
    links = {str(tags.get("href")) for tag, tags in page.tags if tag == "a"}
    reports = {link for link in links if not link.startswith("#")}
    assert reports == {f"etcd-member-kill/{with_report.run}/report.html"}
    assert all((tmp_path / link).is_file() for link in reports)
    assert f"etcd-member-kill/{without.run}" in page.words


def test_it_says_how_many_of_what(page: HtmlPage) -> None:
    assert "36 runs of 3 experiments, 2026-11-01 to 2026-11-18" in page.text
    assert re.search(r"30\n✓ PASS\n3\n✗ FAIL\n3\n\? INVALID", page.text)
    assert len(re.findall(r"20261\d{3}T\d{6}Z", page.text)) >= 36


def test_it_loads_nothing(page: HtmlPage) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed"}
        for name in ("src", "srcset", "data", "action", "poster"):
            assert name not in attributes
        assert not str(attributes.get("href", "")).startswith(("http", "//", "/"))
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_links_within_the_page_lead_somewhere(page: HtmlPage) -> None:
    ids = {attributes.get("id") for _, attributes in page.tags}
    inner = [
        str(tags["href"])[1:] for _, tags in page.tags if str(tags.get("href", "")).startswith("#")
    ]
    assert inner
    assert {*inner} <= ids


def test_what_has_no_text_has_words_for_a_screen_reader(page: HtmlPage) -> None:
    for tag, attributes in page.tags:
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if tag == "th":
            assert attributes["scope"]
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert tables == sum(tag == "caption" for tag, _ in page.tags) >= 6


def test_what_people_write_is_text(tmp_path: Path) -> None:
    write_past(tmp_path, "plain")
    plain = HtmlPage(write_index(tmp_path, NOW).read_text())
    write_past(tmp_path, "plain", invalid=(HOSTILE,), title=HOSTILE, labels={"x": HOSTILE})
    write_past(tmp_path, "plain", title=HOSTILE, labels={HOSTILE: HOSTILE})
    hostile = HtmlPage(write_index(tmp_path, NOW).read_text())
    names = [tag for tag, _ in hostile.tags]
    assert names.count("script") == [tag for tag, _ in plain.tags].count("script")
    assert "img" not in names
    assert HOSTILE in hostile.words
    data = next(text for text in hostile.scripts if text.startswith('{"colors"'))
    assert "<" not in data
    assert f"label {HOSTILE}" in json.loads(data)["by"]


def test_the_chart_may_be_filled_with_each_trend(page: HtmlPage, month: Path) -> None:
    data = json.loads(next(text for text in page.scripts if text.startswith('{"colors"')))
    known = trends(read_history(month))
    assert len(data["trends"]) == len(known) == 3 * 10
    assert data["by"] == ["kubedrill", "kubernetes", "cluster", "label ci"]
    first = data["trends"][0]
    assert (first["experiment"], first["phase"], first["name"]) == (
        *("etcd-member-kill", "baseline", "list.p99"),
    )
    number, value, asked, operator, held = first["points"][0]
    assert data["runs"][number]["name"] == "etcd-member-kill/20261101T030000Z"
    assert first["unit"] in {"s", "ms"}
    assert (value, asked) == ((0.06, 1.0) if first["unit"] == "s" else (60.0, 1000.0))
    assert (operator, held) == ("<", 1)


def test_a_trend_leaves_out_what_cannot_be_trusted(month: Path) -> None:
    runs = read_history(month)
    trusted = [run for run in runs if run.standing.trusted]
    for trend in trends(runs):
        expected = [run for run in trusted if run.experiment == trend.experiment]
        assert [figure.run for figure in trend.figures] == expected
    missed = [len(spark(trend).missed) for trend in trends(runs) if trend.name == "list.p99"]
    assert sum(missed) == 3


def test_a_trend_goes_on_where_only_the_threshold_was_changed(tmp_path: Path) -> None:
    write_past(tmp_path)
    folder = write_past(tmp_path, at=FIRST + timedelta(days=1))
    text = folder.verdict.read_text().replace("list.p99 < 1s", "list.p99 < 2s")
    folder.verdict.write_text(text)
    found = trends(read_history(tmp_path))
    assert len(found) == 10
    assert {len(trend.figures) for trend in found} == {2}


def test_a_run_without_a_value_is_counted(tmp_path: Path) -> None:
    write_past(tmp_path)
    write_past(tmp_path, at=FIRST + timedelta(days=1), values={"baseline": {"list.p99 < 1s": None}})
    [trend] = [
        t for t in trends(read_history(tmp_path)) if (t.phase, t.name) == ("baseline", "list.p99")
    ]
    assert len(trend.figures) == 1
    assert trend.unmeasured == 0  # of a run that is INVALID nothing is counted


@pytest.mark.parametrize(
    ("values", "asked_is_near"), [((0.9, 1.1, 1.3), True), ((0.01, 0.011), False), ((0.5,), False)]
)
def test_a_picture_shows_the_threshold_where_it_is_near(
    values: tuple[float, ...], asked_is_near: bool, tmp_path: Path
) -> None:
    for number, value in enumerate(values):
        at = FIRST + timedelta(days=number)
        write_past(tmp_path, at=at, values={"baseline": {"list.p99 < 1s": value}})
    trend = next(t for t in trends(read_history(tmp_path)) if t.name == "list.p99")
    picture = spark(trend)
    assert (picture.asked is not None) == asked_is_near
    assert len(picture.line.split()) == len(values)
    assert len(picture.missed) == sum(value >= 1 for value in values)
    assert picture.words.startswith(f"{len(values)} run")


def test_service_levels_are_added_up_by_definition(tmp_path: Path) -> None:
    for number in range(3):
        write_past(tmp_path, at=FIRST + timedelta(days=number))
    write_past(tmp_path, at=FIRST + timedelta(days=3), invalid=("nobody knows",))
    [told] = service_levels(recent(read_history(tmp_path), NOW))
    assert (told.cluster, told.runs) == ("local-3az", 3)
    levels = {level.definition: level for level in told.levels}
    failed = levels["failed probes"]
    assert failed.down_s == pytest.approx(4.5)
    assert failed.watched_s == pytest.approx(180)
    assert failed.available == pytest.approx(1 - 4.5 / 180)
    assert failed.spent == pytest.approx(4.5 / BUDGET_S)
    # 14 of 600 probes of the fault's minute failed, for writes, which are the worse.
    minutes = levels["minutes without an answer"]
    assert minutes.down_s == pytest.approx(3 * 60 * 14 / 600)
    assert minutes.watched_s == pytest.approx(3 * 160)


def test_what_is_older_than_30_days_does_not_count(tmp_path: Path) -> None:
    write_past(tmp_path)
    runs = read_history(tmp_path)
    assert recent(runs, FIRST + timedelta(days=29)) == runs
    assert recent(runs, FIRST + timedelta(days=30)) == []


def test_what_took_more_than_a_month_has_stands_out(tmp_path: Path) -> None:
    write_past(tmp_path, budget=[spent("fault", "failed probes", 2 * BUDGET_S)])
    text = write_index(tmp_path, NOW).read_text()
    assert re.search(r'class="bad number">200', text)


def several_clusters(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        write_past(
            tmp_path,
            at=FIRST + timedelta(days=number),
            settings={"versions": {}, "cluster": {"name": name}},
        )


def test_clusters_are_told_apart(tmp_path: Path) -> None:
    several_clusters(tmp_path)
    assert [told.cluster for told in service_levels(read_history(tmp_path))] == ["a", "b"]


def nothing(tmp_path: Path) -> None:
    """Write no run."""


def only_invalid(tmp_path: Path) -> None:
    write_past(tmp_path, invalid=("nobody knows",))


@pytest.mark.parametrize(
    ("make", "said"), [(nothing, "No run stands here yet."), (only_invalid, "No run is PASS")]
)
def test_a_page_without_figures_says_so(
    make: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    make(tmp_path)
    page = HtmlPage(write_index(tmp_path, NOW).read_text())
    assert said in page.text
