"""Where an adopted cluster's metrics are from: what its file may say, and what `adopt` writes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_stand_in import prometheus_stand_in

from kubedrill.cluster import describe, load_definition
from kubedrill.cluster.adopted.adopting import ClusterLook, file_of, look_at_prometheus
from kubedrill.cluster.adopted.definition import AdoptedDefinition
from kubedrill.errors import BadFile, NotStarted
from kubedrill.record.prometheus import TOKEN, USUAL, PrometheusSource

URL = "https://prometheus.example.com:9090"
BASE = {
    "provider": "kubeconfig",
    "context": "theirs",
    "authority": "sha256:" + 64 * "0",
    "system_uid": 36 * "0",
}
KINDS = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")


def read(tmp_path: Path, metrics: Any) -> AdoptedDefinition:
    file = tmp_path / "staging.yaml"
    file.write_text(yaml.safe_dump({**BASE, "metrics": metrics}, sort_keys=False))
    definition = load_definition(file)
    assert isinstance(definition, AdoptedDefinition)
    return definition


@pytest.mark.parametrize(
    ("metrics", "pages", "observed"),
    [
        ("none", (), ()),
        ("apiserver", KINDS[:1], KINDS[:1]),
        ({"prometheus": URL}, (), KINDS),
        ({"prometheus": URL, "apiserver": True}, KINDS[:1], KINDS),
        ({"prometheus": URL, "select": dict.fromkeys(KINDS[1:])}, (), KINDS[:1]),
    ],
)
def test_a_kind_is_seen_by_its_own_page_or_by_a_prometheus(
    tmp_path: Path, metrics: Any, pages: tuple[str, ...], observed: tuple[str, ...]
) -> None:
    definition = read(tmp_path, metrics)
    assert definition.pages == pages
    assert definition.observed == observed
    described = describe(definition)
    assert (described.observed, described.scraped) == (observed, pages)


def test_what_it_is_asked_is_usual_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, {"prometheus": f"{URL}/"}).prometheus == PrometheusSource(
        URL, dict(USUAL)
    )
    said = {
        "prometheus": f"{URL}/prom",
        "token_env": "THEIRS",
        "ca": "/etc/ca.crt",
        "select": {"etcd": 'job="e", cluster=~"a|b"', "kube-scheduler": None},
    }
    source = read(tmp_path, said).prometheus
    assert source is not None
    assert (source.url, source.token_env, source.ca_file) == (
        f"{URL}/prom",
        "THEIRS",
        "/etc/ca.crt",
    )
    assert source.select == {
        **{kind: text for kind, text in USUAL.items() if kind != "kube-scheduler"},
        "etcd": 'job="e", cluster=~"a|b"',
    }


def test_it_is_kept_as_it_was_when_the_cluster_came_up(tmp_path: Path) -> None:
    definition = read(tmp_path, {"prometheus": URL, "select": {"etcd": None}})
    kept = definition.model_dump_json(exclude={"limits", "notify"})
    assert AdoptedDefinition.model_validate_json(kept).prometheus == definition.prometheus


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (
            "apiservr",
            'metrics: cannot be the text "apiservr"; known: apiserver, none, or {prometheus:',
        ),
        ("prometheus", "known: apiserver, none, or {prometheus: https://...}"),
        (3, "metrics: cannot be the number 3; known: apiserver"),
        ({}, 'missing key "prometheus" in metrics'),
        ({"prometheus": "p:9090"}, '"p:9090" is no address; write https://prometheus.example.com'),
        ({"prometheus": "http://p:0"}, '"http://p:0" is no address'),
        ({"prometheus": "http://p:99999"}, "is no address"),
        (
            {"prometheus": "http://u:pw@p"},
            f"must stand in no file; say `auth: basic`, and put USER:PASSWORD into {TOKEN}",
        ),
        ({"prometheus": "http://p?x=1"}, "goes on behind its path"),
        ({"prometheus": URL, "selct": {}}, 'unknown key "selct"; did you mean "select"?'),
        ({"prometheus": URL, "select": {"etdc": 'job="e"'}}, 'did you mean "etcd"?'),
        (
            {"prometheus": URL, "select": {"etcd": "job=etcd"}},
            "is no matcher of PromQL; write 'job=",
        ),
        ({"prometheus": URL, "select": {"etcd": 'job="e"} or up{'}}, "is no matcher of PromQL"),
        ({"prometheus": URL, "select": dict.fromkeys(KINDS)}, "it is asked about no component"),
        (
            {"prometheus": URL, "token_env": "KUBEDRILL_STATE"},
            "is no name of a variable, or that of a",
        ),
        ({"prometheus": URL, "token_env": "a b"}, "is no name of a variable"),
        ({"prometheus": URL, "ca": "ca.crt"}, '"ca.crt" is no absolute path'),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_would_work(
    tmp_path: Path, metrics: Any, words: str
) -> None:
    with pytest.raises(BadFile) as wrong:
        read(tmp_path, metrics)
    assert words in str(wrong.value)
    assert wrong.value.line is not None
    assert wrong.value.line >= 5


LOOK = ClusterLook(
    context="theirs",
    server="https://10.0.0.1:6443",
    version="v1.37.2",
    who="me",
    authority=BASE["authority"],
    system_uid=BASE["system_uid"],
    nodes={},
    kubelets={},
    apiservers=(),
    balanced=True,
    metrics=False,
    flags={},
    unseen=(),
)


def test_adopt_writes_whom_a_prometheus_scrapes(tmp_path: Path) -> None:
    with prometheus_stand_in() as stand_in:
        with pytest.raises(
            NotStarted, match="it scrapes no control plane whose series are told apart so"
        ):
            look_at_prometheus(stand_in.url)
        for ago_s in (20.5, 10.5, 0.5):
            stand_in.scrape("kube-etcd", "10.0.0.1:2379", {}, stand_in.now() - ago_s)
        told = look_at_prometheus(stand_in.url)
        url = stand_in.url
    file = tmp_path / "staging.yaml"
    file.write_text(file_of(LOOK, "", told))
    definition = load_definition(file)
    assert isinstance(definition, AdoptedDefinition)
    assert (definition.pages, definition.observed) == ((), ("etcd",))
    file.write_text(file_of(replace(LOOK, metrics=True), "", told))
    metrics = yaml.safe_load(file.read_text())["metrics"]
    assert metrics == {
        "prometheus": url,
        "apiserver": True,
        "select": {"kube-controller-manager": None, "kube-scheduler": None},
    }
    with pytest.raises(NotStarted, match='"nowhere" is no address'):
        look_at_prometheus("nowhere")
