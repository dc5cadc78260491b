"""Judge: the raw scrapes of a run, cut down to the families that are asked for, and parsed."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
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
_WANTED = tuple(
    f"{name}{suffix}{end}" for name in _FAMILIES for suffix in _SUFFIXES for end in "{ "
)
"""How lines that are needed begin: few of those of an apiserver's page, which is of 5 MB."""


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
    lines = (line for line in text.splitlines() if line.startswith(_WANTED))
    return dict(_sample(line) for line in lines)


def _sample(line: str) -> tuple[Key, float]:
    labelled, brace, rest = line.rpartition("}")
    if not brace:
        labelled, _, rest = line.partition(" ")
    # A time may follow the value.
    return _key(labelled + brace), float(rest.split()[0])


@cache
def _key(series: str) -> Key:
    """Take apart `name{labels}`, the same in each scrape: that is what parsing spends its time on."""
    from prometheus_client.parser import text_string_to_metric_families

    (family,) = text_string_to_metric_families(f"{series} 0\n")
    (sample,) = family.samples
    return sample.name, tuple(sorted(sample.labels.items()))
