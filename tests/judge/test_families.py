"""What a metric is read from: a family that was never seen is not 0, unless a witness was seen."""

import gzip
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, Scrape

from kubedrill.judge import judge
from kubedrill.judge.pages import read_scrapes
from kubedrill.record.cluster import Component, Endpoint
from kubedrill.record.manifest import seal
from kubedrill.record.metric import METRICS, Family, Metric
from kubedrill.record.verdict import ObjectiveResult, Verdict

V137 = {"kube-apiserver": "1.37.2", "etcd": "3.7.3"}
READ = {name: metric for name, metric in METRICS.items() if metric.families}
"""The metrics that are read from pages."""


@pytest.fixture
def drill() -> JudgedDrill:
    """A drill in which controllers are scraped as well, and say nothing."""
    told, here = JudgedDrill(), Endpoint("127.0.0.1", 1)
    told.more = tuple(
        Component(f"{kind}-{zone}", kind, zone, here, here)
        for kind in ("kube-controller-manager", "kube-scheduler")
        for zone in "abc"
    )
    told.scrapes.pages += [
        Scrape(second, each.name, {}) for each in told.more for second in range(-5, END + 1, 5)
    ]
    return told


def family_of(name: str) -> Family:
    family = READ[name].family(V137)
    assert family
    return family


def text_of(name: str, metric: Metric) -> str:
    return f"{name}.p99 < 1000s" if metric.kind == "histogram" else f"{name} >= 0{_unit(metric)}"


def _unit(metric: Metric) -> str:
    return {"bytes": "B", "s": "s"}.get(metric.unit, "")


def without(drill: JudgedDrill, *names: str) -> None:
    for page in drill.scrapes.pages:
        page.values = {
            key: value
            for key, value in page.values.items()
            if not any(key.partition("{")[0].startswith(name) for name in names)
        }


def say(drill: JudgedDrill, component: str, series: str, value: float) -> None:
    """Let every page of the components of that kind that answered say this as well."""
    for page in drill.scrapes.pages:
        if page.component.startswith(component) and not page.error:
            page.values[series] = value


def series_of(family: Family) -> str:
    labels = ",".join(f'{label}="{values[0]}"' for label, values in family.labels.items())
    return f"{family.name}{{{labels}}}" if labels else family.name


@pytest.mark.parametrize("name", sorted(READ))
def test_a_family_that_was_never_seen_is_invalid(name: str, drill: JudgedDrill, tmp_path) -> None:
    family = family_of(name)
    without(drill, family.name, *family.witnesses)
    found = drill.asked(tmp_path, "baseline", text_of(name, READ[name]))
    assert (found.verdict, found.value) == (Verdict.INVALID, None)
    assert family.name in found.reason
    assert READ[name].component in found.reason


@pytest.mark.parametrize("name", sorted(READ))
def test_one_component_that_never_said_it_is_enough(
    name: str, drill: JudgedDrill, tmp_path
) -> None:
    family, component = family_of(name), f"{READ[name].component}-c"
    say(drill, READ[name].component, series_of(family), 3.0)
    for page in drill.scrapes.of(component, -5, 31):
        page.values = {key: 0.0 for key in page.values if not key.startswith(family.name)}
    found = drill.asked(tmp_path, "baseline", text_of(name, READ[name]))
    assert found.verdict is Verdict.INVALID
    assert component in found.reason


COUNTERS = [
    name
    for name, metric in READ.items()
    # Those of another source are measured by rules of their own.
    if metric.kind == "counter" and metric.source == "scrapes"
]


@pytest.mark.parametrize("name", [name for name in COUNTERS if family_of(name).witnesses])
def test_a_witness_shows_that_nothing_was_counted(name: str, drill: JudgedDrill, tmp_path) -> None:
    family = family_of(name)
    without(drill, family.name)
    say(drill, READ[name].component, f'{family.witnesses[0]}{{a="b"}}', 5.0)
    found = drill.asked(tmp_path, "baseline", f"{name} == 0")
    assert (found.verdict, found.value) == (Verdict.PASS, 0.0)


@pytest.mark.parametrize("name", [name for name in COUNTERS if family_of(name).labels])
def test_other_values_of_a_label_show_that_this_one_was_not_counted(
    name: str, drill: JudgedDrill, tmp_path
) -> None:
    family = family_of(name)
    [label] = family.labels
    without(drill, family.name)
    say(drill, READ[name].component, f'{family.name}{{{label}="other"}}', 5.0)
    found = drill.asked(tmp_path, "baseline", f"{name} == 0")
    assert (found.verdict, found.value) == (Verdict.PASS, 0.0)
    # Without the label it is another release's family, whatever the cluster's file says.
    without(drill, family.name)
    say(drill, READ[name].component, family.name, 5.0)
    assert asked_again(drill, tmp_path, f"{name} == 0").verdict is Verdict.INVALID


def test_what_a_metric_does_not_mean_is_not_counted(drill: JudgedDrill, tmp_path) -> None:
    for page in drill.scrapes.pages:
        if page.component.startswith("kube-apiserver") and not page.error:
            peers = 'apiserver_storage_list_total{resource="apiServerIPInfo",storage="etcd"}'
            page.values[peers] = page.second + 1000
    assert drill.asked(tmp_path, "baseline", "apiserver.storage_lists == 0").value == 0.0
    for page in drill.scrapes.pages:
        if page.component == "kube-apiserver-b" and not page.error:
            page.values[peers.replace("apiServerIPInfo", "pods")] = page.second + 1000
    assert asked_again(drill, tmp_path, "apiserver.storage_lists == 5").value == 5.0


def asked_again(drill: JudgedDrill, tmp_path, text: str) -> ObjectiveResult:
    (tmp_path / "again").mkdir()
    return drill.asked(tmp_path / "again", "baseline", text)


def test_a_number_that_the_server_does_not_know_is_invalid(drill: JudgedDrill, tmp_path) -> None:
    pods = 'apiserver_resource_objects{group="",resource="pods"}'
    drill.scrapes.of("kube-apiserver-b", 5, 10)[0].values[pods] = -1.0
    found = drill.asked(tmp_path, "baseline", "objects.pods < 100")
    assert found.verdict is Verdict.INVALID
    assert found.reason == (
        "kube-apiserver-b did not say apiserver_resource_objects{resource=pods} in 1 of 1 scrapes"
    )


@pytest.mark.parametrize(
    ("name", "versions", "expected"),
    [
        ("apiserver.cache_lists", {"kube-apiserver": "v1.36.9"}, "apiserver_cache_list_total"),
        ("apiserver.cache_lists", {"kube-apiserver": "v1.37.0"}, "apiserver_storage_list_total"),
        (
            "apiserver.cache_lists",
            {"kube-apiserver": "v1.38.0-alpha.1"},
            "apiserver_storage_list_total",
        ),
        ("apiserver.cache_lists", {"etcd": "v3.7.3"}, None),
        ("apiserver.cache_lists", {"kube-apiserver": "main"}, None),
        ("objects.pods", {"kube-apiserver": "v1.33.5"}, "apiserver_storage_objects"),
        ("objects.pods", {"kube-apiserver": "v1.34.1"}, "apiserver_resource_objects"),
        ("apiserver.sli", {"kube-apiserver": "v1.25.0"}, None),
        ("apiserver.rejected", {}, "apiserver_flowcontrol_rejected_requests_total"),
        ("etcd.fsync", {}, "etcd_disk_wal_fsync_duration_seconds"),
    ],
)
def test_which_family_holds_in_which_version(
    name: str, versions: dict[str, str], expected: str | None
) -> None:
    family = METRICS[name].family(versions)
    assert (family.name if family else None) == expected


def test_the_storage_of_a_list_is_a_label_from_1_37_on() -> None:
    def labels(name: str, version: str) -> Any:
        family = METRICS[name].family({"kube-apiserver": version})
        assert family
        return family.labels

    assert labels("apiserver.storage_lists", "v1.36.0") == {}
    assert labels("apiserver.storage_lists", "v1.37.2") == {"storage": ("etcd",)}
    assert labels("apiserver.cache_lists", "v1.37.2") == {"storage": ("watchcache",)}


@pytest.mark.parametrize("name", sorted(READ))
def test_no_release_has_two_families_for_one_metric(name: str) -> None:
    for release in ((1, number) for number in range(20, 50)):
        assert sum(family.holds_in(release) for family in READ[name].families) <= 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-30], "no whole page"),
        (lambda data: data[:40] + bytes([data[40] ^ 8]) + data[41:], "no whole page"),
        (lambda data: b"", "no whole page"),
        (lambda data: b"x" * len(data), "no whole page"),
        (None, "is missing"),
    ],
)
def test_a_page_that_cannot_be_read_is_named_and_the_others_are_read(
    damage: Any, words: str, drill: JudgedDrill, tmp_path
) -> None:
    folder = drill.write(tmp_path)
    kept = folder.metrics / "kube-apiserver-b.prom.gz"
    data = kept.read_bytes()
    kept.unlink() if damage is None else kept.write_bytes(damage(data))
    bad = [page for page in read_scrapes(folder) if not page.kept]
    assert bad
    assert {page.component for page in bad} == {"kube-apiserver-b"}
    assert all("metrics/kube-apiserver-b.prom.gz" in page.error for page in bad)
    assert all(words in page.error for page in bad)
    assert judge(folder).verdict is Verdict.INVALID, "it was changed since the drill had ended"
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.PASS, "no objective needs it"
    assert report.notes == [f"not read: {page.error}" for page in bad]


@pytest.mark.parametrize(
    "line", ["etcd_server_is_leader NaN", "etcd_server_is_leader ", 'etcd_server_is_leader{a="} 1']
)
def test_a_page_with_a_line_that_is_none_is_named(line: str, drill: JudgedDrill, tmp_path) -> None:
    folder = drill.write(tmp_path)
    index = folder.metrics_index.read_text().splitlines()
    member = gzip.compress(f"{line}\n".encode())
    path = folder.metrics / "etcd-a.prom.gz"
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(member)
    number = next(n for n, text in enumerate(index) if '"component": "etcd-a"' in text)
    old = index[number]
    begin, end = old.index('"offset"'), old.index(', "wire_bytes"')
    index[number] = old[:begin] + f'"offset":{size},"bytes":{len(member)}' + old[end:]
    folder.metrics_index.write_text("\n".join(index) + "\n")
    [bad] = [page for page in read_scrapes(folder) if not page.kept]
    assert "metrics/etcd-a.prom.gz: is no page of metrics" in bad.error
