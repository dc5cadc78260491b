"""Mixes: every portion gets its share, and every preset runs on a real control plane."""

import json
from pathlib import Path

import pytest
from list_server import ITEMS
from load_stage import PROFILES, check, stage_on

from kubedrill.errors import NotStarted
from kubedrill.figures.traces import read_load
from kubedrill.load.describe import describe, with_parameters
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import Outcome

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
    records, sidecar = read_load(folder, "load-list")
    found: dict[str, int] = {}
    for number, series in enumerate(sidecar.series):
        _, _, name = series.name.partition(".")
        portion = name.partition(".")[0]
        if portion and portion != "refused" and portion not in found:  # first come its arrivals
            found[portion] = int((records["series"] == number).sum())
    return {portion: count for portion, count in found.items() if count}


def mix(*portions):
    """Return a mix of (profile, weight, parameters), or of (profile, weight, parameters, name)."""
    keys = ("profile", "weight", "with", "as")
    return json.dumps([dict(zip(keys, portion, strict=False)) for portion in portions])


def test_shares_follow_the_weights(stage):
    chosen = mix(("mass-list", 3, {"resource": "pods"}), ("watch-storm", 1, {"resource": "pods"}))
    played = stage.of("mixed").play(rate=100, seconds=3, mix=chosen)
    assert len(played.records("mixed")) == 300, played.log
    found = counts(played.folder)
    assert sum(found.values()) == 300
    # 225 expected, with a deviation of 7.5.
    assert 190 < found["mass-list"] < 260


PAGED = {"resource": "pods", "limit": 4}


@pytest.mark.parametrize(
    ("names", "first", "second"),
    [
        (("stale", "paged"), ("stale", "stale.page"), ("paged", "paged.page")),
        (
            (None, None),
            ("mass-list.list", "mass-list.list.page"),
            ("mass-list-2.list", "mass-list-2.list.page"),
        ),
        (
            (None, "mass-list-2"),
            ("mass-list.list", "mass-list.list.page"),
            ("mass-list-2", "mass-list-2.page"),
        ),
        (("z", None), ("z", "z.page"), ("mass-list.list", "mass-list.list.page")),
    ],
)
def test_portions_of_one_profile_have_series_of_their_own(
    stage, server, names, first, second
) -> None:
    stale = {"resource": "pods", "resource_version": "0"}
    portions = [("mass-list", 4, stale), ("mass-list", 1, PAGED)]
    chosen = mix(*((*portion, name) for portion, name in zip(portions, names, strict=True)))
    played = stage.of("mixed").play(rate=50, seconds=2, mix=chosen)
    every, whole, paged = (
        len(played.records(f"mixed{portion and '.'}{portion}"))
        for portion in ("", first[0], second[0])
    )
    assert every == whole + paged == 100
    assert whole > 60 > paged > 5  # 80 and 20 expected, with a deviation of 4
    assert len(played.records(f"mixed.{first[1]}")) == 0
    pages = -(-ITEMS // PAGED["limit"])
    assert len(played.records(f"mixed.{second[1]}")) == pages * paged


@pytest.mark.parametrize(
    ("portions", "said"),
    [
        ([("mass-list", 1, {}, "x"), ("mass-list", 1, {}, "x")], 'two portions are named "x"'),
        (
            [("mass-list", 1, {}), ("watch-list", 1, {}, "mass-list")],
            'two portions are named "mass-list"',
        ),
        *[
            ([("mass-list", 1, {}, name)], f'"{name}" is what objectives ask of a load')
            for name in ("p99", "count", "rate", "cpu", "offered", "refused")
        ],
        ([("mass-list", 1, {}, "Stale")], '"Stale" is no name; begin with a-z'),
        ([("mass-list", 1, {}, "a.b")], '"a.b" is no name; begin with a-z'),
        ([("mass-list", 1, {}, 5)], "0.as: Input should be a valid string"),
        ([("mass-list", 1, {})] * 80, "more than 254 series; take fewer portions"),
    ],
)
def test_names_of_portions(portions, said) -> None:
    with pytest.raises(NotStarted, match=r"^mixed: mix: ") as refused:
        check(MIXED, {"mix": mix(*portions)})
    assert said in str(refused.value)


def test_what_objectives_may_name_of_a_mix() -> None:
    (profile,) = describe(MIXED)
    chosen = mix(("mass-list", 1, {}, "stale"), ("mass-list", 1, PAGED), ("secret-flood", 1, {}))
    (answer,) = with_parameters([(profile, {"mix": chosen})])
    assert {"mixed", "mixed.stale", "mixed.stale.page", "mixed.mass-list.list"} <= {*answer.series}
    assert "mixed.secret-flood.create" in answer.series
    assert not [series for series in answer.series if "pod-churn" in series]
    assert "mixed.pod-churn.churn" in profile.series  # of the preset that is the default


def test_a_portion_has_a_timeout_of_its_own(stage, server):
    server.latencies = [0.6]
    chosen = mix(("mass-list", 1, {"timeout_s": 0.3}), ("mass-list", 1, {}))
    played = stage.of("mixed").play(rate=40, seconds=1, mix=chosen, timeout_s=5)
    outcomes = played.outcomes("mixed")
    assert set(outcomes) == {200, Outcome.TIMEOUT}, played.log
    assert min(outcomes.values()) >= 8
    lists = played.records("mixed.mass-list.list")
    late = lists["total_us"][lists["outcome"] == Outcome.TIMEOUT]
    assert 290_000 < late.min() <= late.max() < 5_000_000  # which is the mix's


def test_portions_obey_retry_after_as_the_mix_does(stage, server):
    server.behaviour = "/too-many"
    chosen = mix(("mass-list", 1, {}), ("mass-list", 1, {"retry_after": "ignore"}))
    played = stage.of("mixed").play(8, 1, mix=chosen, retry_after="obey", timeout_s=5.5)
    assert played.outcomes("mixed") == {429: 8}, played.log
    refused = len(played.records("mixed.mass-list.list.refused"))
    assert 0 < refused < 8


@pytest.mark.cluster
@pytest.mark.parametrize("preset", PORTIONS)
def test_presets(cluster, tmp_path: Path, preset):
    stage = stage_on(cluster, tmp_path / "reports")
    # So few a second that a server with others at work beside it keeps up.
    played = stage.of("mixed").play(rate=20, seconds=6, preset=preset)
    outcomes = played.outcomes("mixed")
    assert sum(outcomes.values()) == 120, played.log
    # Lives that are longer than the load are cut by its end.
    cut = {Outcome.CUT, Outcome.RESTING}
    assert all(200 <= outcome < 300 or outcome in cut for outcome in outcomes), outcomes
    assert set(counts(stage.folder)) == PORTIONS[preset]


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
        *(
            (
                mix(("mass-list", 1, {name: value})),
                f"mixed: mass-list: {name} holds for the whole mix",
            )
            for name, value in (
                ("http", "2"),
                ("connections", 1),
                ("keep_alive", False),
                ("max_in_flight", 5),
            )
        ),
        (
            mix(("mass-list", 1, {"timeout_s": 90})),
            r"mixed: mass-list: timeout_s \(90\) must not be more than the mix's \(60\)",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(chosen, message):
    with pytest.raises(NotStarted, match=message):
        check(MIXED, {"mix": chosen})


def test_what_the_mixs_timeout_leaves_too_little_time_for():
    with pytest.raises(NotStarted, match="pod-churn: lifetime_s must be less than timeout_s"):
        check(MIXED, {"preset": "web-release", "timeout_s": 5})
