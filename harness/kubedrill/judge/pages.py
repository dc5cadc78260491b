"""Judge: the raw scrapes of a run, cut down to the families that are asked for, and parsed."""

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from kubedrill.clock import SECOND
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, read_lines
from kubedrill.record.metric import METRICS
from kubedrill.record.watched import ScrapeLine

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]
"""Name of a sample (family, or family_bucket ...) and its labels, sorted."""

ROUND = 2 * SECOND
"""The scraper reads every target at the edges of each phase, one shortly after the other."""

FSYNC = "etcd_disk_wal_fsync_duration_seconds"
DEFRAGMENTED = "etcd_disk_backend_defrag_duration_seconds_count"
COMPACTED = "etcd_debugging_mvcc_compact_revision"
"""What tells of faults, whatever is measured."""

_SUFFIXES = ("", "_bucket", "_count", "_sum")
_FAMILIES = frozenset(
    name
    for metric in METRICS.values()
    for family in metric.families
    for name in (family.name, *family.witnesses)
)
_WANTED = frozenset(
    (*(f"{name}{suffix}" for name in _FAMILIES for suffix in _SUFFIXES), DEFRAGMENTED, COMPACTED)
)
"""The names in lines that are needed: few of those of an apiserver's page, which is of 5 MB."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """One scrape of one component. `values` is empty where it failed."""

    time: int
    """Monotonic ns: when it was due."""
    end: int
    """Monotonic ns: when it was through."""
    component: str
    error: str
    """Why it failed, or why what was kept of it cannot be read; empty if neither."""
    values: Mapping[Key, float]
    kept: bool = True
    """Whether what was kept of it, if anything, is whole. Where not, only those who need it are concerned."""
    wire_bytes: int = 0
    """What it took to fetch it, TLS included."""


def read_scrapes(folder: RunFolder, may_be_cut: bool = False) -> list[Scrape]:
    """Return every scrape in the order of time, with the families of record.metric."""
    scrapes = [
        read_scrape(folder, line)
        for line in read_lines(folder.metrics_index, ScrapeLine, may_be_cut=may_be_cut)
    ]
    return sorted(scrapes, key=lambda scrape: scrape.time)


def read_scrape(folder: RunFolder, line: ScrapeLine) -> Scrape:
    """Return the scrape that a line of the index names; it says why, if what was kept cannot be read."""
    scrape = Scrape(line.time, line.end, line.component, line.error, {}, wire_bytes=line.wire_bytes)
    if not line.ok:
        return scrape
    path = folder.metrics / line.file
    try:
        return replace(scrape, values=parse(_text(path, line.offset, line.bytes)))
    except BadEvidence as bad:
        return replace(scrape, error=bad.within(folder.path), kept=False)
    except ValueError as wrong:
        what = f"{path.relative_to(folder.path)}: is no page of metrics: {wrong}"
        return replace(scrape, error=what, kept=False)


def at_edge(scrapes: Iterable[Scrape], time: int) -> Scrape | None:
    """Return a component's scrape for the edge of a phase at `time`; None if there is none."""
    return next((scrape for scrape in scrapes if time <= scrape.time < time + ROUND), None)


def write_metrics(scrapes: Iterable[Scrape], path: Path) -> None:
    """Write what was parsed as a table: time, component, name, labels (JSON), value."""
    import pandas as pd

    rows = [
        (scrape.time, scrape.component, name, json.dumps(dict(labels)), value)
        for scrape in scrapes
        for (name, labels), value in scrape.values.items()
    ]
    columns = ["time", "component", "name", "labels", "value"]
    pd.DataFrame(rows, columns=columns).to_parquet(path, compression="zstd", index=False)


def _text(path: Path, offset: int, size: int) -> str:
    """Return a page, unpacked; BadEvidence if that part of the file is not whole."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            # Of nothing, gzip makes a page without a line.
            packed = file.read(size) or b"-"
        return gzip.decompress(packed).decode()
    except FileNotFoundError:
        raise BadEvidence(path, None, "is missing") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError):
        what = f"the {size} bytes from {offset} on are no whole page"
        raise BadEvidence(path, None, what) from None
    except OSError as error:
        raise BadEvidence(path, None, f"cannot be read: {error.strerror}") from None


def parse(text: str) -> dict[Key, float]:
    """Return the samples that are needed; ValueError if a line is none."""
    # Here a judgement spends most of its time: a name looked up takes half as long as prefixes tried.
    return dict(
        _sample(line)
        for line in text.splitlines()
        if line.partition("{")[0].partition(" ")[0] in _WANTED
    )


def _sample(line: str) -> tuple[Key, float]:
    labelled, brace, rest = line.rpartition("}")
    if not brace:
        labelled, _, rest = line.partition(" ")
    # A time may follow the value.
    said = (rest.split() or [""])[0]
    value = float(said)
    if not math.isfinite(value):
        raise ValueError(f"{said} is no count")
    return _key(labelled + brace), value


@cache
def _key(series: str) -> Key:
    """Take apart `name{labels}`, the same in each scrape: that is what parsing spends its time on."""
    from prometheus_client.parser import text_string_to_metric_families

    (family,) = text_string_to_metric_families(f"{series} 0\n")
    (sample,) = family.samples
    return sample.name, tuple(sorted(sample.labels.items()))
