"""What an experiment says otherwise on clusters of one provider."""

from pathlib import Path

import pytest

from kubedrill.catalogue import read_experiment
from kubedrill.errors import BadFile
from kubedrill.experiment import to_yaml

TEXT = """\
title: t
why: w
cluster: {cluster}
phases: {{one: 10s, two: 10s}}
slos:
  two: [availability >= 99%, unavailable.longest < 3s]
when_cluster:
"""
KIND = """\
  kind:
    slos.two[1]: unavailable.longest < 12s
    phases.one: 30s
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "here.yaml").write_text("provider: local\n", encoding="utf-8")
    (tmp_path / "clusters" / "there.yaml").write_text("provider: kind\n", encoding="utf-8")
    return tmp_path


def written(project: Path, more: str, cluster: str = "here") -> Path:
    file = project / "experiments" / "e.yaml"
    file.write_text(TEXT.format(cluster=cluster) + more, encoding="utf-8")
    return file


def read(file: Path, overrides: tuple[str, ...] = (), on: str | None = None):
    experiment, _ = read_experiment(file, overrides, on)
    [first, _] = experiment.phases
    return first.seconds, [asked.objective.text for asked in experiment.objectives]


def test_it_holds_where_the_provider_is_that_one(project: Path):
    usual = (10, ["availability >= 99%", "unavailable.longest < 3s"])
    there = (30, ["availability >= 99%", "unavailable.longest < 12s"])
    assert read(written(project, KIND)) == usual
    assert read(written(project, KIND), on="there") == there
    assert read(written(project, KIND, "there")) == there
    assert read(written(project, KIND, "there"), on="here") == usual


def test_what_is_typed_wins(project: Path):
    file = written(project, KIND, "there")
    assert read(file, ("phases.one=20s",))[0] == 20


def test_what_is_written_down_of_a_run_is_what_held(project: Path):
    experiment, _ = read_experiment(written(project, KIND, "there"))
    text = to_yaml(experiment)
    assert "when_cluster" not in text
    assert "unavailable.longest < 12s" in text


@pytest.mark.parametrize(
    ("more", "line", "why"),
    [
        ("  knd: {phases.one: 1s}\n", 8, 'nobody provides "knd".*kind'),
        ("  kind:\n    phasez.one: 1s\n", 9, 'unknown key "phasez".*phases'),
        ("  kind:\n    title: other\n", 9, "title is the same on every cluster"),
        ("  kind:\n    cluster: here\n", 9, "cluster is the same on every cluster"),
    ],
)
def test_what_is_wrong_is_said_on_every_cluster(project: Path, more: str, line: int, why: str):
    for cluster in ("here", "there"):
        with pytest.raises(BadFile, match=why) as refused:
            read_experiment(written(project, more, cluster))
        assert refused.value.line == line


def test_what_is_wrong_there_is_said_with_its_line(project: Path):
    more = "  kind:\n    slos.two[1]: unavailable.longst < 3s\n"
    read_experiment(written(project, more))
    with pytest.raises(BadFile, match="longst") as refused:
        read_experiment(written(project, more, "there"))
    assert refused.value.line == 9
