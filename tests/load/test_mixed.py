"""Mixes: every portion gets its share, and every preset runs on a real control plane."""

import json
from pathlib import Path

import pytest
from load_stage import PROFILES, Stage, check

from kubedrill.errors import NotStarted
from kubedrill.load.describe import describe
from kubedrill.record.folder import RunFolder
from kubedrill.record.traces import read_samples

MIXED = PROFILES / "mixed.py"
PORTIONS = {
    "web-release": {"pod-churn", "configmap-flood", "event-storm", "mass-list"},
    "spark-flink": {"pod-churn", "configmap-flood", "event-storm", "mass-list"},
    "training": {"pod-churn", "secret-flood", "lease-heartbeat", "watch-list"},
    "spot-burst": {"lease-heartbeat", "pod-churn", "event-storm", "mass-list"},
    "argo-workflow": {"configmap-flood", "pod-churn", "event-storm", "mass-list"},
    "batch-jobs": {"pod-churn", "event-storm", "mass-list"},
}


def counts(folder: RunFolder) -> dict[str, int]:
    """Arrivals of each portion."""
    records, sidecar = read_samples(folder, "load-list")
    found: dict[str, int] = {}
    for number, series in enumerate(sidecar["series"]):
        _, _, name = series["name"].partition(".")
        profile = name.partition(".")[0]
        if profile and profile not in found:  # the first series of a profile are its arrivals
            found[profile] = int((records["series"] == number).sum())
    return {profile: count for profile, count in found.items() if count}


def mix(*portions):
    return json.dumps(
        [{"profile": name, "weight": weight, "with": given} for name, weight, given in portions]
    )


def test_shares_follow_the_weights(stage):
    chosen = mix(("mass-list", 3, {"resource": "pods"}), ("watch-storm", 1, {"resource": "pods"}))
    played = stage.of("mixed").play(rate=100, seconds=3, mix=chosen)
    assert len(played.records("mixed")) == 300, played.log
    found = counts(played.folder)
    assert sum(found.values()) == 300
    # 225 expected, with a deviation of 7.5.
    assert 190 < found["mass-list"] < 260


@pytest.mark.cluster
@pytest.mark.parametrize("preset", PORTIONS)
def test_presets(cluster, tmp_path: Path, preset):
    folder = RunFolder.create(tmp_path / "reports", "test")
    cluster.write(folder.cluster)
    played = Stage(folder).of("mixed").play(rate=60, seconds=2, preset=preset)
    outcomes = played.outcomes("mixed")
    assert sum(outcomes.values()) == 120, played.log
    # Lives that are longer than the load are cut by its end.
    assert all(200 <= outcome < 300 or outcome == 1009 for outcome in outcomes), outcomes
    assert set(counts(folder)) == PORTIONS[preset]


def test_every_preset_is_tested():
    preset = describe(MIXED)[0].parameters["properties"]["preset"]
    assert set(preset["enum"]) == set(PORTIONS)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (mix(("mass-lst", 1, {})), "mixed: mix: mass-lst is none of configmap-flood, event-storm"),
        (mix(("mass-list", 0, {})), "mixed: mix: 0.weight: Input should be greater than 0"),
        (mix(("mass-list", 1, {"limit": -1})), "mixed: mass-list: limit: input should be greater"),
        (
            mix(("mass-list", 1, {"limt": 1})),
            "mixed: mass-list: limt: extra inputs are not permitted",
        ),
        ("{", "mixed: mix: Invalid JSON"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(chosen, message):
    with pytest.raises(NotStarted, match=message):
        check(MIXED, {"mix": chosen})
