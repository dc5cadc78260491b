"""What a cluster's Prometheus lacks of what an experiment asks for is refused before anything is started."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from commanding import TOP, kubedrill
from drills import SHORT
from judged_parts import CLUSTER
from prometheus_stand_in import PrometheusStandIn, prometheus_stand_in

from kubedrill.catalogue import read_experiment
from kubedrill.errors import NotStarted
from kubedrill.needed import needed
from kubedrill.planning import planned
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.prometheus import TOKEN, PrometheusSource, PrometheusTold, patience
from kubedrill.scraped import check_told, note_told

NAME = "staging"
PUT = 'apiserver_request_total{verb="PUT",resource="configmaps"}'
INFLIGHT = 'apiserver_current_inflight_requests{request_kind="readOnly"}'
CHANGES = "etcd_server_leader_changes_seen_total"


@pytest.fixture
def stand_in() -> Iterator[PrometheusStandIn]:
    """One that has scraped an apiserver and a member of etcd for a minute, of each one metric."""
    with prometheus_stand_in() as made:
        for number in range(7):
            at = made.now() - 10.0 * (6 - number) - 0.5
            made.scrape("apiserver", "10.0.0.1:6443", {INFLIGHT: 1.0, PUT: 1.0}, at)
            made.scrape("kube-etcd", "10.0.0.1:2379", {CHANGES: 1.0}, at)
        yield made


@pytest.fixture(autouse=True)
def _no_cluster_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for own in ("experiments", "clusters"):
        (tmp_path / own).mkdir()
    (tmp_path / "loadprofiles").symlink_to(TOP / "loadprofiles")
    return tmp_path


@pytest.fixture
def adopted(project: Path, stand_in: PrometheusStandIn) -> Path:
    return written(project, {"prometheus": stand_in.url})


def written(project: Path, metrics: Any) -> Path:
    """Write the file of a cluster that somebody has adopted."""
    said = {"provider": "kubeconfig", "context": "theirs", "authority": "sha256:" + 64 * "0"}
    file = project / "clusters" / f"{NAME}.yaml"
    file.write_text(yaml.safe_dump({**said, "system_uid": 36 * "0", "metrics": metrics}))
    return file


def experiment(project: Path, *objectives: str, **changes: Any) -> Path:
    file = project / "experiments" / "first.yaml"
    asked = {"baseline": ["list.p99 < 5s", *objectives]}
    phases = SHORT["phases"] | {"baseline": "60s"}
    file.write_text(
        yaml.safe_dump({**SHORT, "cluster": NAME, "phases": phases, "slos": asked, **changes})
    )
    return file


def refused(file: Path) -> str:
    with pytest.raises(NotStarted) as error:
        check_told(*read_experiment(file))
    return str(error.value)


def test_what_is_scraped_can_be_asked_for(adopted: Path, project: Path) -> None:
    check_told(
        *read_experiment(experiment(project, "apiserver.inflight < 100", "etcd.elections == 0"))
    )


def test_a_series_that_it_lacks_is_refused_with_objective_metric_and_query(
    adopted: Path, project: Path
) -> None:
    said = refused(
        experiment(project, "etcd.elections == 0", "etcd.db_bytes < 1GB", "apiserver.rejected == 0")
    )
    lines = said.splitlines()
    assert len(lines) == 2
    assert "etcd.db_bytes < 1GB: nobody can measure etcd.db_bytes" in lines[0]
    assert '{__name__=~"etcd_mvcc_db_total_size_in_bytes",job=~"etcd|kube-etcd"}' in lines[0]
    assert "apiserver.rejected == 0: nobody can measure apiserver.rejected" in lines[1]
    assert "|apiserver_flowcontrol_dispatched_requests_total" in lines[1]  # would show that it is 0


def test_it_is_not_asked_where_no_objective_needs_it(
    adopted: Path, project: Path, stand_in: PrometheusStandIn
) -> None:
    stand_in.fails = (500, b"")
    check_told(*read_experiment(experiment(project)))
    assert stand_in.asked == []


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ((500, b""), "it answered 500"),
        ((401, b""), f"it wants a token: that in the variable {TOKEN} is not set"),
    ],
)
def test_one_that_does_not_answer_is_told_of(
    adopted: Path, project: Path, stand_in: PrometheusStandIn, fails: tuple[int, bytes], words: str
) -> None:
    stand_in.fails = fails
    said = refused(experiment(project, "apiserver.inflight < 100"))
    assert f"metrics.prometheus: Prometheus at {stand_in.url}: it " in said
    assert words in said


def test_a_component_that_cannot_be_scraped_is_told_of(
    adopted: Path, project: Path, stand_in: PrometheusStandIn
) -> None:
    stand_in.scrape("apiserver", "10.0.0.1:6443", {}, up=False)
    said = refused(experiment(project, "apiserver.inflight < 100"))
    assert "kube-apiserver: it cannot scrape 10.0.0.1:6443 just now" in said
    check_told(*read_experiment(experiment(project, "etcd.elections == 0")))


def test_what_shows_that_it_is_of_this_cluster_must_be_there(
    adopted: Path, project: Path, stand_in: PrometheusStandIn
) -> None:
    for labels in [*stand_in.series]:
        if ("__name__", "apiserver_request_total") in labels:
            del stand_in.series[labels]
    said = refused(experiment(project, "apiserver.inflight < 100"))
    assert (
        'it has no apiserver_request_total{resource="configmaps",job="apiserver"}, by which' in said
    )


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize(
    ("objective", "kind", "least_s"),
    [("apiserver.inflight < 9", "kube-apiserver", 10), ("etcd.fsync.p99 < 9s", "etcd", 20)],
)
def test_a_phase_into_which_too_few_scrapes_fall_is_refused(
    project: Path, stand_in: PrometheusStandIn, objective: str, kind: str, least_s: int
) -> None:
    bucket = 'etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"}'
    stand_in.scrape("kube-etcd", "10.0.0.1:2379", {bucket: 1.0})
    short, enough = (
        SHORT["phases"] | {"baseline": f"{seconds}s"} for seconds in (least_s - 1, least_s)
    )
    assert (
        f"{objective}: phase baseline lasts {least_s - 1} s, and Prometheus scrapes the {kind} every "
        f"10 s; it must last {least_s} s at least"
    ) in refused(experiment(project, objective, phases=short))
    check_told(*read_experiment(experiment(project, objective, phases=enough)))
    check_told(*read_experiment(experiment(project, "etcd.elections == 0", phases=short)))


def test_plan_refuses_it_and_says_how_it_would_be_otherwise(adopted: Path, project: Path) -> None:
    file = experiment(project, "etcd.db_bytes < 1GB")
    with pytest.raises(NotStarted, match=r"nobody can measure etcd\.db_bytes"):
        planned(*read_experiment(file), file)
    sound = experiment(project, "etcd.elections == 0")
    assert planned(*read_experiment(sound), sound).refused == ""


def test_validate_asks_where_a_cluster_is_named_and_nobody_otherwise(
    adopted: Path, project: Path, stand_in: PrometheusStandIn
) -> None:
    file = experiment(project, "etcd.db_bytes < 1GB", cluster="other")
    (project / "clusters" / "other.yaml").write_text("provider: local\nzones: [a]\n")
    assert kubedrill("validate", file, cwd=project).returncode == 0
    assert stand_in.asked == []
    done = kubedrill("validate", file, "--cluster", NAME, "--json", cwd=project)
    assert done.returncode == 3
    [[line]] = json.loads(done.stdout).values()
    assert "etcd.db_bytes < 1GB: nobody can measure etcd.db_bytes" in line
    sound = experiment(project, "etcd.elections == 0")
    assert kubedrill("validate", sound, "--cluster", NAME, cwd=project).returncode == 0


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (
            "etcd.leaders == 1",
            "etcd.leaders cannot be told by Prometheus: members are scraped one after",
        ),
        ("etcd.cpu < 9s", "nobody sees the processes of the etcd of this cluster; leave it out"),
        ("etcd.healthy_members == 3", "nobody sees the processes of the etcd of this cluster"),
    ],
)
def test_what_no_prometheus_can_tell_is_refused_by_the_file_alone(
    adopted: Path, project: Path, objective: str, words: str
) -> None:
    with pytest.raises(NotStarted, match=f"first.yaml:[0-9]+: .*{words}"):
        read_experiment(experiment(project, objective))


def test_what_it_tells_ends_no_drill_and_begins_no_fault(adopted: Path, project: Path) -> None:
    late = "what Prometheus tells is too old to act on"
    with pytest.raises(NotStarted, match=late):
        read_experiment(experiment(project, abort=["etcd.fsync.p99 > 1s for 2s"]))
    fault = {
        "node.cordon": {"node": "random"},
        "phase": "fault",
        "when": "etcd.fsync.p99 > 1s within 2s",
    }
    with pytest.raises(NotStarted, match=late):
        read_experiment(experiment(project, faults=[fault]))


def test_a_kind_that_it_is_not_asked_about_is_nobodys(
    project: Path, stand_in: PrometheusStandIn
) -> None:
    written(project, {"prometheus": stand_in.url, "select": {"etcd": None}})
    with pytest.raises(NotStarted, match="nobody sees the etcd of this cluster"):
        read_experiment(experiment(project, "etcd.elections == 0"))


@pytest.mark.parametrize(("own", "parts"), [(False, 0), (True, 1)])
def test_a_right_to_scrape_is_needed_only_where_the_apiservers_own_page_is_read(
    project: Path, stand_in: PrometheusStandIn, own: bool, parts: int
) -> None:
    written(project, {"prometheus": stand_in.url, "apiserver": own})
    read = read_experiment(experiment(project, "apiserver.inflight < 100"))
    assert sum(part.part == "the scraper" for part in needed(*read, {})) == parts


def test_a_drill_begins_with_whom_it_scrapes_and_how_its_clock_is(
    adopted: Path, project: Path, tmp_path: Path, stand_in: PrometheusStandIn
) -> None:
    read, described = read_experiment(experiment(project, "etcd.elections == 0"))
    folder = RunFolder.create(tmp_path, "drill")
    assert described.cluster is not None
    said = note_told(read, replace(CLUSTER, prometheus=described.cluster.prometheus), folder)
    assert said.startswith("2 components as Prometheus scrapes them, every 10 s or more often; ")
    told = PrometheusTold.read(folder)
    assert [target.name for target in told.targets] == [
        "kube-apiserver-10.0.0.1:6443",
        "etcd-10.0.0.1:2379",
    ]
    assert patience(folder) > 2 * 10_000_000_000


def test_a_drill_that_needs_it_does_not_begin_without_it(
    adopted: Path, project: Path, tmp_path: Path, stand_in: PrometheusStandIn
) -> None:
    read, described = read_experiment(experiment(project, "etcd.elections == 0"))
    assert described.cluster is not None
    theirs = replace(CLUSTER, prometheus=described.cluster.prometheus)
    folder = RunFolder.create(tmp_path, "drill")
    stand_in.fails = (503, b"")
    with pytest.raises(NotStarted, match="it answered 503"):
        note_told(read, theirs, folder)
    read, _ = read_experiment(experiment(project))
    assert note_told(read, theirs, folder) == ""
    assert not folder.prometheus.exists()
    assert patience(folder) == 0


def test_a_record_keeps_how_it_is_asked_and_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "s3cret")
    source = PrometheusSource("https://p", {"etcd": 'job="etcd"'}, ca_file="/ca.crt")
    path = tmp_path / "cluster.json"
    replace(CLUSTER, prometheus=source).write(path)
    assert ClusterRecord.read(path).prometheus == source
    assert source.token == {TOKEN: "s3cret"}
    assert "s3cret" not in path.read_text()


def test_what_relates_variants_must_be_there_for_each(
    adopted: Path, project: Path, stand_in: PrometheusStandIn
) -> None:
    arms = {"few": {"load[0].rate": "1/s"}, "many": {"load[0].rate": "2/s"}}
    relation = {"baseline": ["few.etcd.sent_bytes <= 0.9 * many.etcd.sent_bytes"]}
    file = experiment(project, variants={"arms": arms, "slos": relation})
    done = kubedrill("validate", file, "--cluster", NAME, cwd=project)
    assert done.returncode == 3
    assert f"{relation['baseline'][0]}: nobody can measure etcd.sent_bytes" in done.stderr
    sent = "etcd_network_client_grpc_sent_bytes_total"
    stand_in.scrape("kube-etcd", "10.0.0.1:2379", {sent: 1.0})
    assert kubedrill("validate", file, "--cluster", NAME, cwd=project).returncode == 0
