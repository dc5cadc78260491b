"""The samples of a run as arrays, whole or second by second; for judge, charts and live view."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kubedrill.clock import SECOND
from kubedrill.reading.arrivals import Times
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, MissingEvidence, read_whole
from kubedrill.record.sample import (
    LIMITS,
    LOAD_DTYPE,
    PROBE_DTYPE,
    Outcome,
    Records,
    read_bin,
)
from kubedrill.record.sidecar import LoadSeries, LoadSidecar, ProbeSidecar

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_BATCH = 2**18
_VALUE_BITS = 32


def sample_names(folder: RunFolder) -> list[str]:
    """Return the names of a run's samples, `probe` and `load-NAME`, sorted."""
    return sorted(path.stem for path in folder.samples.glob("*.json"))


def read_load(
    folder: RunFolder, name: str, *, may_be_cut: bool = False
) -> tuple[Records, LoadSidecar]:
    """Return records and sidecar of a load's samples; BadEvidence if one is missing or wrong."""
    sidecar = read_whole(folder.samples / f"{name}.json", LoadSidecar)
    return read_records(folder, name, may_be_cut=may_be_cut), sidecar


def read_probes(folder: RunFolder, *, may_be_cut: bool = False) -> tuple[Records, ProbeSidecar]:
    """Return records and sidecar of the prober; BadEvidence if one is missing or wrong."""
    sidecar = read_whole(folder.samples / "probe.json", ProbeSidecar)
    return read_records(folder, "probe", may_be_cut=may_be_cut), sidecar


def samples_file(folder: RunFolder, name: str) -> Path:
    """Return where the records of that name are: `NAME.parquet`, or `NAME.bin` until that has replaced it."""
    parquet = folder.samples / f"{name}.parquet"
    return parquet if parquet.exists() else folder.samples / f"{name}.bin"


def read_records(folder: RunFolder, name: str, *, may_be_cut: bool = False) -> Records:
    """Return the records of that name; BadEvidence if their file is missing or cannot be read.

    A last record that was cut off is left out where it `may_be_cut`: in a drill that was killed.
    """
    path = samples_file(folder, name)
    dtype = PROBE_DTYPE if name == "probe" else LOAD_DTYPE
    try:
        if path.suffix == ".parquet":
            return read_parquet(path, dtype)
        cut = path.stat().st_size % dtype.itemsize
        if cut and not may_be_cut:
            what = f"the last record is cut off: {cut} of {dtype.itemsize} bytes"
            raise BadEvidence(path, None, what)
        return read_bin(path, dtype)
    except FileNotFoundError:
        raise MissingEvidence(path) from None
    except OSError as error:
        raise BadEvidence(path, None, f"cannot be read: {error.strerror or error}") from None


def read_parquet(path: Path, dtype: np.dtype[np.void]) -> Records:
    """Return the records of a Parquet file; OSError if its columns are not the fields of `dtype`."""
    from pyarrow.lib import ArrowException

    try:
        return _read_parquet(path, dtype)
    except (ArrowException, ValueError, KeyError, OverflowError) as error:
        raise OSError(f"is no table of samples: {error}") from error


def _read_parquet(path: Path, dtype: np.dtype[np.void]) -> Records:
    from pyarrow.parquet import ParquetFile

    names = list(dtype.names or ())
    with ParquetFile(path) as file:  # type: ignore[no-untyped-call]
        records = np.empty(file.metadata.num_rows, dtype)
        start = 0
        # Not all at once: the table would need as much memory as the records once more, and twice.
        for batch in file.iter_batches(_BATCH, columns=names):
            _check_columns(batch, dtype)
            end = start + batch.num_rows
            for name in names:
                records[name][start:end] = batch.column(name).to_numpy()
            start = end
    return records


def _check_columns(batch: Any, dtype: np.dtype[np.void]) -> None:
    """Refuse (ValueError) columns that are missing, of another type, or have holes."""
    from pyarrow.lib import from_numpy_dtype

    for name in dtype.names or ():
        column = batch.column(name)
        if column.type != from_numpy_dtype(dtype[name]) or column.null_count:
            raise ValueError(f"column {name} is {column.type}, with {column.null_count} holes")


def write_parquet(path: Path, records: Records) -> None:
    """Write records as a Parquet file with a column for each field."""
    import pandas as pd

    columns = {name: np.ascontiguousarray(records[name]) for name in records.dtype.names or ()}
    pd.DataFrame(columns).to_parquet(path, compression="zstd", index=False)


def succeeded(records: Records) -> Flags:
    """Mark the whole, valid answers with a 2xx status."""
    success: Flags = (records["outcome"] >= 200) & (records["outcome"] < 300)
    return success


def left_out(records: Records) -> Flags:
    """Mark what the end of the drill cut off so that it is neither a success nor a failure."""
    cut: Flags = (records["outcome"] == Outcome.CUT) | (records["outcome"] == Outcome.RESTING)
    return cut


def cut_short(records: Records) -> Flags:
    """Mark what had no answer yet when it was cut: it would have taken at least as long as it had."""
    cut: Flags = np.isin(records["outcome"], (Outcome.CUT, Outcome.UNANSWERED))
    return cut


def failed(records: Records) -> Flags:
    """Mark the failures: all but the successes and what is left out."""
    return ~succeeded(records) & ~left_out(records)


def of_arrivals(records: Records, series: Sequence[LoadSeries]) -> Flags:
    """Mark a load's arrivals themselves, not the parts of them or what goes on beside them.

    `series` as the sidecar has them.
    """
    numbers = [number for number, entry in enumerate(series) if entry.role == "transaction"]
    return np.isin(records["series"], numbers)


def tell_unanswered(records: Records, series: Sequence[LoadSeries]) -> None:
    """Make failures of the arrivals that were in flight at the planned end of a drill, in place.

    They had no answer then, and none is known to have been on its way. What is no arrival may be cut
    by design, such as a watch that is held.
    """
    cut = np.flatnonzero(records["outcome"] == Outcome.CUT)
    records["outcome"][cut[of_arrivals(records[cut], series)]] = Outcome.UNANSWERED


def completed(records: Records) -> Times:
    """Return when each ended, monotonic ns."""
    return records["intended"].astype(np.int64) + records["total_us"].astype(np.int64) * 1000


@dataclass(frozen=True, slots=True)
class PerSecond:
    """One value a second of intended start, each array as long as the stretch in whole seconds.

    Latencies are in seconds from the intended start, failures and timeouts included (not what was
    never sent or was cut); NaN in a second without any.
    """

    offered: Floats
    achieved: Floats
    failed: Floats
    p50: Floats
    p99: Floats
    max: Floats


def per_second(records: Records, start: int, end: int) -> PerSecond:
    """Aggregate records by the second of their intended start, over [start, end) in monotonic ns."""
    length = max(-(-(end - start) // SECOND), 1)
    intended = records["intended"].astype(np.int64)
    within = records[(intended >= start) & (intended < end)]
    second = (within["intended"].astype(np.int64) - start) // SECOND
    answered = ~left_out(within) & ~np.isin(within["outcome"], LIMITS)
    latency = within["total_us"][answered]
    ranks = percentiles_by_group(second[answered], latency, length, (50, 99, 100))
    return PerSecond(
        offered=_count(second, length),
        achieved=_count(second[succeeded(within)], length),
        failed=_count(second[failed(within)], length),
        p50=ranks[0] / 1e6,
        p99=ranks[1] / 1e6,
        max=ranks[2] / 1e6,
    )


Number = TypeVar("Number", int, Times)


def nearest_rank(percent: float, count: Number) -> Number:
    """Return the place, from 1 on, of a percentile among so many sorted values; below 1 among none."""
    tenths = round(percent * 10)  # integers: 0.7 * 10 is above 7 in floats
    # The lowest place is the first, also of a percentile below all of them.
    return -(-max(tenths, 1) * count // 1000)


def percentiles_by_group(
    group: Times, values: npt.NDArray[Any], groups: int, percents: tuple[float, ...]
) -> list[Floats]:
    """Return, for each of `percents`, the nearest-rank percentile of each group 0..groups-1 (or NaN).

    The values are whole numbers below 2**32.
    """
    # Group and value in one number: to sort those is many times faster than to sort by both.
    ordered = (group.astype(np.int64) << _VALUE_BITS) | values.astype(np.int64)
    ordered.sort()
    edges = np.searchsorted(ordered, np.arange(groups + 1, dtype=np.int64) << _VALUE_BITS)
    ordered &= 2**_VALUE_BITS - 1
    first, counts = edges[:-1], np.diff(edges)
    result = []
    for percent in percents:
        column = np.full(groups, np.nan)
        some = counts > 0
        column[some] = ordered[(first + nearest_rank(percent, counts) - 1)[some]]
        result.append(column)
    return result


def outages(records: Records) -> list[tuple[int, int]]:
    """Return the outages of these probes as (start, end) in monotonic ns, in order of their starts.

    An outage runs from the intended start of the first failed probe to the completion of the first
    success that was due after it; without one, to the end of the last probe. A probe that fails
    after that success was due begins the next outage.
    """
    intended = records["intended"].astype(np.int64)
    good = succeeded(records)
    order = np.argsort(intended[good], kind="stable")
    starts, ends = intended[good][order], completed(records[good])[order]
    last = int(completed(records).max()) if len(records) else 0
    found: list[tuple[int, int]] = []
    over = -1  # when the success that ended the last outage was due
    for failure in np.sort(intended[failed(records)]).tolist():
        if failure <= over:
            continue
        after = int(np.searchsorted(starts, failure, side="right"))
        if after == len(starts):
            found.append((failure, last))
            break
        first = after + int(np.argmin(ends[after:]))
        found.append((failure, int(ends[first])))
        over = int(starts[first])
    return found


def _count(second: Times, length: int) -> Floats:
    return np.bincount(second, minlength=length)[:length].astype(np.float64)
