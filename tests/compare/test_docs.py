"""docs/variants.md: its example is one, and what it says of errors is what is said."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.compare.arms import Options, read_comparison
from kubedrill.errors import BadFile
from kubedrill.experiment.schema import MOST_ARMS, MOST_REPEATS, VariantsPart

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "variants.md").read_text("utf-8")
[EXAMPLE, CLUSTERS] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_the_example_is_right(write: Callable[[str], Path]) -> None:
    comparison = read_comparison(write(EXAMPLE), Options())
    assert comparison is not None
    assert len(comparison.relations) == 2


def test_the_example_of_changed_clusters_is_right(write: Callable[[str], Path]) -> None:
    slos = "  slos:\n    steady: [sent-away.list.p99 <= 2 * left-alone.list.p99]\n"
    text = EXAMPLE.partition("variants:")[0] + CLUSTERS + slos
    comparison = read_comparison(write(text), Options())
    assert comparison is not None
    changes = [arm.experiment.cluster_changes for arm in comparison.arms]
    assert changes == [
        {"flags": {"kube-apiserver": {"goaway-chance": chance}}} for chance in (0.001, None)
    ]


def test_the_error_is_what_is_said(write: Callable[[str], Path]) -> None:
    line = '      load[0].with.resource_version: "0"\n'
    with pytest.raises(BadFile) as raised:
        read_comparison(write(EXAMPLE.replace(f"cached:\n{line}", "cached: {}\n")), Options())
    said = str(raised.value).partition(": ")[2].partition(" (")[0]
    assert said in TEXT


def test_bounds_and_defaults_are_those_of_the_file() -> None:
    table = (DOCS / "experiment-file.md").read_text("utf-8")
    assert f"2 to {MOST_ARMS} arms" in table
    assert f"| 1 to {MOST_REPEATS} | `{VariantsPart.model_fields['repeat'].default}` |" in table
