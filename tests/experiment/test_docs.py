"""docs/experiment-file.md: complete, and every example in it is valid."""

import re
from pathlib import Path

import pytest
import yaml
from one_profile import read

from kubedrill.experiment import Seed
from kubedrill.experiment.schema import ExperimentFile, LoadPart
from kubedrill.reading.units import UNITS, format_duration, format_rate
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.metric import METRICS
from kubedrill.record.schedule import ProbeRates, Probing, Scraping
from kubedrill.record.series import BUILT_IN, STATISTICS, find_series

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "experiment-file.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
ROWS = [line for line in TEXT.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[0])
def test_every_example_is_valid(
    catalogue: Catalogue, small: str, example: str, tmp_path: Path
) -> None:
    parts = yaml.safe_load(example)
    base = yaml.safe_load(small) | {
        "phases": {"baseline": "30s", "fault": "60s", "recovery": "30s"}
    }
    if "phases" in parts:  # of its own, in which the base's fault has no place
        base |= {"faults": []}
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(base | parts, sort_keys=False), encoding="utf-8")
    experiment = read(path, [], catalogue)
    times = [entry.get("times", 1) for entry in (base | parts)["faults"]]
    assert len(experiment.faults) == sum(times)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8
    assert set(ExperimentFile.model_fields) <= {
        key for text in EXAMPLES for key in yaml.safe_load(text)
    }


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_has_a_row_that_is_right(name: str) -> None:
    (row,) = [row for row in ROWS if row.startswith(f"| `{name}` |")]
    metric, series = METRICS[name], find_series(name, [])
    assert series is not None
    assert f"| {metric.kind} |" in row
    assert metric.doc in row
    assert all(f"`{family.name}`" in row for family in metric.families)
    for statistic in series.statistics:
        assert statistic is None or statistic in row or "percentiles" in row


def test_every_series_statistic_and_unit_is_named() -> None:
    table = "\n".join(ROWS)
    for word in (*BUILT_IN, *STATISTICS, *filter(None, UNITS)):
        assert f"`{word}`" in table, word


def test_every_key_is_named_with_its_default() -> None:
    table = "\n".join(ROWS)
    for part in (ExperimentFile, LoadPart, Seed, Probing, Scraping):
        for name, field in part.model_fields.items():
            assert f"`{field.alias or name}`" in table or name == "rates", name
    for name, field in ProbeRates.model_fields.items():
        assert f"| `rates.{name}` | `{format_rate(field.default)}` |" in table
    for name, field in Scraping.model_fields.items():
        assert f"| `{name}` | `{format_duration(field.default)}` |" in table


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_settings_that_any_page_names_are_there(page: Path) -> None:
    known = {
        *(f"probing.{field.alias or name}" for name, field in Probing.model_fields.items()),
        *(f"probing.rates.{name}" for name in ProbeRates.model_fields),
        *(f"scraping.{name}" for name in Scraping.model_fields),
    }
    named = set(re.findall(r"`((?:probing|scraping)\.[a-z_.]+)`", page.read_text("utf-8")))
    assert named <= known


def test_links_within_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).strip().lower().replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(#([^)]+)\)", TEXT):
        assert target in headings


@pytest.mark.parametrize(
    "file", sorted(DOCS.parent.glob("experiments/*.yaml")), ids=lambda file: file.stem
)
def test_what_is_shipped_asks_what_was_lost_and_what_changed_besides(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "consistency == 0" in text
    assert "collateral == 0" in text or "faults:" not in text
