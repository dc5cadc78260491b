"""Judge: the raw scrapes of a run, cut down to the families that are asked for, and parsed."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kubedrill.record.clock import SECOND
from kubedrill.record.files import read_lines
from kubedrill.record.folder import RunFolder
from kubedrill.record.metric import METRICS

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]
"""Name of a sample (family, or family_bucket ...) and its labels, sorted."""

ROUND = 2 * SECOND
"""The scraper reads every target at the edges of each phase, one shortly after the other."""

_SUFFIXES = ("", "_bucket", "_count", "_sum")
_FAMILIES = frozenset(metric.family for metric in METRICS.values() if metric.family)


@dataclass(frozen=True, slots=True)
class Page:
    """One scrape of one component. `values` is empty where it failed."""

    time: int
    """Monotonic ns: when it was due."""
    end: int
    """Monotonic ns: when it was through."""
    component: str
    error: str
    """Why it failed; empty if it did not."""
    values: Mapping[Key, float]


def read_pages(folder: RunFolder) -> list[Page]:
    """Return every scrape in the order of time, with the families of record.metric."""
    pages = [
        Page(
            line["time"],
            line["end"],
            line["component"],
            line["error"],
            _parse(_text(folder.metrics / line["file"], line)) if line["ok"] else {},
        )
        for line in read_lines(folder.metrics_index)
    ]
    return sorted(pages, key=lambda page: page.time)


def at_edge(pages: Iterable[Page], time: int) -> Page | None:
    """Return a component's scrape for the edge of a phase at `time`; None if there is none."""
    return next((page for page in pages if time <= page.time < time + ROUND), None)


def write_metrics(pages: Iterable[Page], path: Path) -> None:
    """Write what was parsed as a table: time, component, name, labels (JSON), value."""
    import pandas as pd

    rows = [
        (page.time, page.component, name, json.dumps(dict(labels)), value)
        for page in pages
        for (name, labels), value in page.values.items()
    ]
    columns = ["time", "component", "name", "labels", "value"]
    pd.DataFrame(rows, columns=columns).to_parquet(path, compression="zstd", index=False)


def _text(path: Path, line: Mapping[str, int]) -> str:
    with path.open("rb") as file:
        file.seek(line["offset"])
        return gzip.decompress(file.read(line["bytes"])).decode()


def _parse(text: str) -> dict[Key, float]:
    # The parser takes 1.8 s for an apiserver's whole page of 5.4 MB; few of its lines are needed.
    from prometheus_client.parser import text_string_to_metric_families

    wanted = tuple(
        f"{name}{suffix}{end}" for name in _FAMILIES for suffix in _SUFFIXES for end in "{ "
    )
    lines = [line for line in text.splitlines() if line.startswith(wanted)]
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families("\n".join(lines) + "\n")
        for sample in family.samples
    }
