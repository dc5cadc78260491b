"""report.html: whole, escaped, and alone in the world."""

import json
import re
from pathlib import Path

import pytest
from html_page import HtmlPage

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Report, Verdict
from kubedrill.report import html, tables
from kubedrill.report.bands import FAULT_BAND, PHASE_BAND

MEGABYTE = 1_000_000


def written(folder: RunFolder) -> Path:
    return html.write(folder, Report.read(folder.verdict))


def page(folder: RunFolder) -> HtmlPage:
    return HtmlPage(written(folder).read_text(encoding="utf-8"))


SECTIONS = [
    "Objectives",
    "Timeline",
    "Phases at a glance",
    "Faults",
    "Availability",
    "Failures by class",
    "Latency: client beside server",
    "Resources",
    "What the harness cost",
    "Events",
    "Versions and settings",
]


def test_every_section_is_there_in_order(drill) -> None:
    text = page(drill()).text
    places = [text.index(f"\n{name}\n", text.index("Settings\n")) for name in SECTIONS]
    assert places == sorted(places)


def test_the_verdict_comes_first_as_a_word(drill) -> None:
    found = page(drill(measured={"fault": {"availability.writes >= 95%": 0.9341}}))
    words = [word for word in found.words if word]
    assert words[1] == "\u2717 FAIL"
    assert "fault: availability.writes >= 95%: 0.9341 is not >= the threshold" in words[:8]


def test_numbers_of_every_part(drill) -> None:
    text = page(drill()).text
    for shown in (
        "412 ms",
        "99.2 %",
        "9.97/s",
        "510 MB",
        "v1.37.2",
        "reset 2",
        "Retry-After 1 s",
        "timeout 14",
        "930 ms",
        "0.37 cores",
    ):
        assert shown in text
    assert "etcd-b is a full member again, 0 entries behind" in text


def test_it_loads_nothing(drill) -> None:
    found = page(drill())
    for tag, attributes in found.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed"}
        for name in ("src", "srcset", "data", "action", "poster"):
            assert name not in attributes
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("#")
    policy = next(a["content"] for t, a in found.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_links_within_the_page_lead_somewhere(drill) -> None:
    found = page(drill())
    ids = {attributes.get("id") for _, attributes in found.tags}
    links = [attributes["href"] for _, attributes in found.tags if "href" in attributes]
    assert len(links) == len(SECTIONS)
    assert {(link or "").removeprefix("#") for link in links} <= ids


def test_it_is_small(drill) -> None:
    assert written(drill()).stat().st_size < 2 * MEGABYTE


HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


def test_what_people_write_is_text(drill) -> None:
    plain, hostile = page(drill()), page(drill(title=HOSTILE, invalid=(HOSTILE,)))
    assert hostile.count("script") == plain.count("script")
    assert hostile.count("img") == 0
    assert HOSTILE in hostile.words
    policy = next(a["content"] for t, a in hostile.tags if t == "meta" and "http-equiv" in a) or ""
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    for tag, attributes in hostile.tags:
        if tag == "script" and attributes.get("type") != "application/json":
            assert attributes["nonce"] == nonce[1]


def test_what_people_write_is_text_in_the_chart_too(drill) -> None:
    folder = drill()
    report = Report.read(folder.verdict)
    fault = report.faults[0].model_copy(update={"target": HOSTILE})
    report.model_copy(update={"faults": [fault]}).write(folder.verdict)
    found = page(folder)
    chart = next(text for text in found.scripts if text.startswith("{"))
    assert HOSTILE in json.dumps(json.loads(chart)).replace('\\"', '"')
    assert "<" not in chart


def chart_of(found: HtmlPage) -> dict:
    return json.loads(next(text for text in found.scripts if text.startswith("{")))


def panels(found: HtmlPage) -> list[str]:
    text = json.dumps(chart_of(found))
    return re.findall(r'"name": "Title", "id": "[^"]+", "attributes": {"text": "([^"]+)"', text)


def test_the_panels_of_the_timeline(drill) -> None:
    assert panels(page(drill())) == [
        "Drill",
        "Load: requests a second",
        "Load: latency (logarithmic)",
        "Probes (deadline 1.00 s)",
        "Staleness of cached reads",
        "etcd members",
        "CPU: cores in use",
        "Memory: largest process of each kind",
    ]


def test_bands_are_named_beside_their_colours(drill) -> None:
    shown = page(drill())
    swatches = [style["style"] for tag, style in shown.tags if style.get("class") == "swatch"]
    assert swatches == [
        f"background: {band.color}; opacity: {band.alpha}" for band in (PHASE_BAND, FAULT_BAND)
    ]
    assert "phases: warmup, baseline, fault, recovery; a line where each begins" in shown.text
    assert "a fault in force: etcd.kill on etcd-b" in shown.text
    chart = next(script for script in shown.scripts if script.startswith("{"))
    assert all(f'"{band.color}"' in chart for band in (PHASE_BAND, FAULT_BAND))


def test_a_fault_without_effect_has_no_band(drill) -> None:
    folder = drill()
    report = Report.read(folder.verdict)
    idle = report.faults[0].model_copy(update={"took_effect": False})
    report.model_copy(update={"faults": [idle]}).write(folder.verdict)
    assert "a fault in force" not in page(folder).text


def test_every_table_scrolls_in_a_frame_that_shows_that_there_is_more(drill) -> None:
    """On a narrow screen a table is cut by its frame; the frame's edge is shaded where it is."""
    text = written(drill()).read_text(encoding="utf-8")
    assert len(re.findall(r"<table", text)) == len(
        re.findall(r'<div class="scroll"[^>]*>\s*<table', text)
    )
    [rule] = re.findall(r"\.scroll, pre \{\s*--under[^}]*\}", text)
    assert rule.count(" local,") == rule.count(" scroll,") == 2


def test_objectives_of_a_phase_that_never_began_are_there(drill) -> None:
    folder = drill()
    report = Report.read(folder.verdict)
    report.model_copy(update={"phases": report.phases[:3]}).write(folder.verdict)
    assert "list.error_rate < 0.1%" in page(folder).words


def test_what_nobody_looked_at_is_not_0(drill) -> None:
    report = Report.read(drill().verdict)
    unknown = {"leader_changes": None, "unplanned": None}
    gone = {"cpu_s": None, "rss_peak_bytes": None}
    blind = report.model_copy(
        update={
            "elections": [row.model_copy(update=unknown) for row in report.elections],
            "resources": [row.model_copy(update=gone) for row in report.resources],
            "load": [row.model_copy(update={"cpu_s": None}) for row in report.load],
        }
    )
    rows = {
        group.rows[0][0].text: [cell.text for cell in group.rows[0][1:]]
        for group in (*tables.glance(blind).groups[3:], *tables.resources(blind).groups[:2])
    }
    assert set(map(tuple, rows.values())) == {("-",) * 4}


def test_without_samples_the_rest_is_still_there(drill) -> None:
    found = page(drill(samples=False, invalid=("no samples",)))
    assert panels(found) == ["Drill"]
    assert "? INVALID" in found.words


def test_a_drill_that_ended_before_its_first_phase(drill) -> None:
    folder = drill(samples=False, invalid=("interrupted by SIGTERM",))
    empty = ("phases", "objectives", "load", "availability", "server_latency", "resources")
    nothing: dict[str, list] = {name: [] for name in (*empty, "harness", "faults")}
    Report.read(folder.verdict).model_copy(update=nothing).write(folder.verdict)
    folder.schedule.unlink()
    found = page(folder)
    assert "Nothing was sampled: the drill ended before its first phase." in found.words
    assert "interrupted by SIGTERM" in found.words
    assert found.count("script") == 0


def test_parquet_gives_the_same_chart(drill) -> None:
    from kubedrill.figures.traces import read_records, write_parquet

    folder = drill()
    before = chart_data(page(folder))
    for name in ("probe", "load-list"):
        records = read_records(folder, name)
        write_parquet(folder.samples / f"{name}.parquet", records)
        (folder.samples / f"{name}.bin").unlink()
    assert chart_data(page(folder)) == before


def chart_data(found: HtmlPage) -> list[str]:
    return re.findall(r'"entries": (\[.*?\])\}', json.dumps(chart_of(found)))


def test_what_is_wrong_with_a_phase_stands_below_the_first_of_its_objectives(drill) -> None:
    folder = drill()
    report = Report.read(folder.verdict)
    why = {"verdict": Verdict.INVALID, "reason": "nobody looked"}
    objectives = [objective.model_copy(update=why) for objective in report.objectives]
    report.model_copy(update={"objectives": objectives}).write(folder.verdict)
    phases = {objective.phase for objective in objectives}
    assert 1 < len(phases) < len(objectives)
    assert page(folder).text.count("nobody looked") == len(phases)


@pytest.mark.parametrize("verdict", ["pass", "invalid"])
def test_every_table_names_itself_and_its_columns(drill, verdict: str) -> None:
    found = page(drill(invalid=("a reason",) if verdict == "invalid" else ()))
    assert found.count("caption") == found.count("table") > 8
    assert all(a.get("scope") in {"col", "row", "rowgroup"} for t, a in found.tags if t == "th")
