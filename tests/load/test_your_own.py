"""docs/profiles/your-own.md: its profile is one, and its experiment is valid."""

import re
from pathlib import Path

import pytest

from kubedrill.catalogue import read_experiment
from kubedrill.record.sample import Outcome

TOP = Path(__file__).parents[2]
TEXT = (TOP / "docs" / "profiles" / "your-own.md").read_text()


def block(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return found


@pytest.fixture
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "loadprofiles" / "kubectl_get.py"
    path.parent.mkdir()
    path.write_text(block("python"))
    return path


@pytest.mark.parametrize(("broken", "outcome"), [(False, 200), (True, Outcome.MALFORMED)])
def test_its_profile_presses(stage, server, profile, broken, outcome):
    server.broken = broken
    stage.profile = profile
    played = stage.play(rate=10, seconds=1, resource="configmaps")
    assert played.outcomes("get") == {outcome: 10}
    assert played.outcomes("get.discovery") == {200: 10}
    paths = {path for _, path, _ in server.served}
    assert paths == {"/api", "/api/v1/namespaces/default/configmaps?limit=500"}


def test_its_experiment_is_valid(profile, tmp_path):
    (tmp_path / "clusters").symlink_to(TOP / "clusters")
    file = tmp_path / "experiments" / "x.yaml"
    file.parent.mkdir()
    file.write_text(block("yaml"))
    experiment, catalogue = read_experiment(file)
    assert [load.profile for load in experiment.loads] == ["kubectl-get"]
    parameters = catalogue.profiles["kubectl-get"].parameters["properties"]
    assert set(experiment.loads[0].parameters) < set(parameters)
