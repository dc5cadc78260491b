"""`--scale`: the same experiment for a machine of another size."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from commanding import kubedrill
from one_profile import read

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment, Seed, scaled
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.catalogue import Catalogue

Read = Callable[..., Experiment]
FILE = Path("x.yaml")


def with_slo(small: str, text: str) -> str:
    phase = next(iter(yaml.safe_load(small)["phases"]))
    value = yaml.safe_load(small) | {"seed": {"pods": 10, "secrets": 1}, "slos": {phase: [text]}}
    return yaml.safe_dump(value, sort_keys=False)


def test_rates_and_seeds_are_multiplied_and_nothing_else(
    shipped: Path, catalogue: Catalogue
) -> None:
    whole = read(shipped, [], catalogue)
    half = scaled(whole, 0.5, shipped)
    assert half.seed == Seed(pods=250, secrets=250)
    assert half.loads[0].arrivals == Arrivals.constant(2)
    assert half.scale == 0.5
    assert (half.probing, half.scraping) == (whole.probing, whole.scraping)
    assert (half.objectives, half.faults) == (whole.objectives, whole.faults)
    assert scaled(whole, 1.0, shipped) == whole


def test_of_what_there_was_one_is_left(reading: Read, small: str) -> None:
    tiny = scaled(reading(with_slo(small, "probe.failed == 0")), 0.01, FILE)
    assert tiny.seed == Seed(pods=1, secrets=1)


@pytest.mark.parametrize(
    "stiff", ["list.rate >= 4/s", "list.count > 7", "eventually(objects.pods >= 10) within 5s"]
)
def test_what_asks_for_numbers_cannot_be_scaled(reading: Read, small: str, stiff: str) -> None:
    experiment = reading(with_slo(small, stiff))
    with pytest.raises(BadFile, match="write it as a share") as refused:
        scaled(experiment, 0.5, FILE)
    assert str(refused.value).startswith("x.yaml:")


@pytest.mark.parametrize(
    "loose",
    [
        "list.rate >= 99% of offered",
        "list.count < 7",
        "list.error_rate < 1%",
        "eventually(objects.pods >= 100% of seeded) within 5s",
    ],
)
def test_what_asks_for_shares_or_for_less_can(reading: Read, small: str, loose: str) -> None:
    assert scaled(reading(with_slo(small, loose)), 0.5, FILE).scale == 0.5


def test_too_much_is_refused(reading: Read, small: str) -> None:
    experiment = reading(with_slo(small, "probe.failed == 0"), "seed.pods=100000")
    with pytest.raises(NotStarted, match=r"--scale 2: seed\.pods would be 200,000; at most"):
        scaled(experiment, 2.0, FILE)


@pytest.mark.parametrize(
    "factor", ["0", "-1", "nan", "inf", "11", "0.001", "\u0661", "1_0", "", "half"]
)
def test_factors_that_nobody_means(shipped: Path, factor: str) -> None:
    typed = kubedrill("plan", shipped, "--scale", factor)
    assert typed.returncode == 3
    assert "must be a number from 0.01 to 10, not" in " ".join(typed.stderr.split())


def test_a_plan_says_the_scale_and_what_stays_free(shipped: Path) -> None:
    planned = kubedrill("plan", shipped, "--scale", "0.5")
    assert planned.returncode == 0, planned.stderr
    words = " ".join(planned.stdout.split())
    assert "scale 0.5 of the file's rates and seeds" in words
    assert "mass-list at 2/s" in words
    assert "25% of the CPU stays free" in words
