"""The samples of a run as arrays."""

import numpy as np
import pandas as pd
import pytest

from kubedrill.clock import MILLISECOND, SECOND
from kubedrill.figures.traces import (
    failed,
    outages,
    per_second,
    percentiles_by_group,
    read_load,
    read_probes,
    read_records,
    sample_names,
    succeeded,
    tell_unanswered,
    write_parquet,
)
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.sample import (
    LOAD_DTYPE,
    LOAD_RECORD,
    PROBE_DTYPE,
    PROBE_RECORD,
    Outcome,
    Records,
    SampleWriter,
)
from kubedrill.record.sidecar import LoadSeries, LoadSidecar, ProbeSidecar

START = 100 * SECOND


def records(*rows: tuple[float, float, int]) -> Records:
    """Make records of (intended, total in seconds after START, outcome)."""
    made = np.zeros(len(rows), LOAD_DTYPE)
    for index, (intended, total, outcome) in enumerate(rows):
        made[index]["intended"] = START + round(intended * SECOND)
        made[index]["total_us"] = round(total * 1e6)
        made[index]["outcome"] = outcome
    return made


def in_seconds(found: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [((begin - START) / SECOND, (end - START) / SECOND) for begin, end in found]


LOAD = LoadSidecar(series=(), targets=(), profile="p", load="list")
PROBES = ProbeSidecar(series=(), targets=(), deadline_s=1.0, rates={})


@pytest.mark.parametrize("name", ["load-list", "probe"])
def test_bin_and_parquet_read_the_same(tmp_path, name: str) -> None:
    folder = RunFolder.create(tmp_path, "x")
    probe = name == "probe"
    about = PROBES if probe else LOAD
    writer = SampleWriter(folder.samples, name, about, PROBE_RECORD if probe else LOAD_RECORD)
    for number in range(10):
        row = (START + number, 1, 2, 3, 4_000_000_000, 200, 1, 2)
        writer.add(*row, 77) if probe else writer.add(*row)
    writer.close()
    assert sample_names(folder) == [name]
    raw, sidecar = read_probes(folder) if probe else read_load(folder, name)
    assert raw.dtype == (PROBE_DTYPE if probe else LOAD_DTYPE)
    assert sidecar == about
    write_parquet(folder.samples / f"{name}.parquet", raw)
    (folder.samples / f"{name}.bin").unlink()
    again = read_records(folder, name)
    assert np.array_equal(raw, again)


def test_no_file_is_no_evidence(tmp_path) -> None:
    folder = RunFolder.create(tmp_path, "x")
    SampleWriter(folder.samples, "probe", PROBES, PROBE_RECORD).close()
    (folder.samples / "probe.bin").unlink()
    with pytest.raises(BadEvidence, match=r"probe\.bin: is missing"):
        read_probes(folder)


@pytest.mark.parametrize(("name", "size"), [("load-list", 28), ("probe", 32)])
def test_a_last_record_that_is_cut_off_is_named_or_left_out(tmp_path, name, size) -> None:
    folder = RunFolder.create(tmp_path, "x")
    path = folder.samples / f"{name}.bin"
    path.write_bytes(bytes(2 * size + 5))
    assert len(read_records(folder, name, may_be_cut=True)) == 2
    words = rf"{name}\.bin: the last record is cut off: 5 of {size} bytes"
    with pytest.raises(BadEvidence, match=words):
        read_records(folder, name)


def test_a_table_of_other_columns_is_no_evidence(tmp_path) -> None:
    folder = RunFolder.create(tmp_path, "x")
    path = folder.samples / "load-list.parquet"
    pd.DataFrame({"intended": [1.5]}).to_parquet(path)
    with pytest.raises(BadEvidence, match="is no table of samples"):
        read_records(folder, "load-list")
    path.write_bytes(b"PAR1")
    with pytest.raises(BadEvidence, match=r"load-list\.parquet: cannot be read"):
        read_records(folder, "load-list")


def test_what_was_cut_is_neither_success_nor_failure() -> None:
    rows = records((0, 1, 200), (0, 1, 503), (0, 1, Outcome.CUT), (0, 1, Outcome.DROPPED))
    assert succeeded(rows).tolist() == [True, False, False, False]
    assert failed(rows).tolist() == [False, True, False, True]


def test_arrivals_cut_at_the_planned_end_are_unanswered_and_nothing_else() -> None:
    rows = records((0, 1, Outcome.CUT), (0, 1, Outcome.CUT), (0, 1, 200), (0, 1, Outcome.RESTING))
    rows["series"] = [1, 0, 1, 1]
    tell_unanswered(
        rows,
        [
            LoadSeries(name="list.page", verb="LIST", role="page"),
            LoadSeries(name="list", verb="LIST", role="transaction"),
        ],
    )
    assert rows["outcome"].tolist() == [Outcome.UNANSWERED, Outcome.CUT, 200, Outcome.RESTING]
    assert failed(rows).tolist() == [True, False, False, False]


def test_each_second_counts_by_intended_start() -> None:
    rows = records(
        (-0.1, 0.5, 200),
        (0.0, 0.010, 200),
        (0.9, 5.0, Outcome.TIMEOUT),
        (1.0, 0.020, 200),
        (1.5, 0.0, Outcome.DROPPED),
        (2.0, 0.030, 200),
    )
    found = per_second(rows, START, START + 2 * SECOND)
    assert found.offered.tolist() == [2, 2]
    assert found.achieved.tolist() == [1, 1]
    assert found.failed.tolist() == [1, 1]
    assert found.p50.tolist() == [0.010, 0.020]
    assert found.max.tolist() == [5.0, 0.020], "a timeout stays in, what was never sent does not"


def test_a_second_without_answers_has_no_latency() -> None:
    found = per_second(records((0.5, 0.1, 200)), START, START + 2 * SECOND + MILLISECOND)
    assert len(found.offered) == 3
    assert np.isnan(found.p99[1:]).all()
    assert found.offered.tolist() == [1, 0, 0]


def test_percentiles_are_values_that_occurred() -> None:
    values = np.arange(1.0, 101.0)
    group = np.zeros(100, np.int64)
    found = percentiles_by_group(group, values, 1, (50, 99, 100))
    assert [ranked[0] for ranked in found] == [50, 99, 100]


def test_an_outage_runs_from_first_failure_to_completion_of_the_next_success() -> None:
    rows = records((0, 0.01, 200), (1, 1.0, Outcome.TIMEOUT), (2, 0.5, 503), (3, 0.25, 200))
    assert in_seconds(outages(rows)) == [(1.0, 3.25)]


def test_a_success_sent_before_the_first_failure_does_not_end_the_outage() -> None:
    rows = records((0.9, 0.3, 200), (1.0, 0.01, 503), (2.0, 0.1, 200))
    assert in_seconds(outages(rows)) == [(1.0, 2.1)]


def test_alternating_failures_are_outages_of_their_own() -> None:
    rows = records(
        (1.0, 0.01, 503), (1.1, 0.05, 200), (1.2, 0.01, 503), (1.3, 0.05, 200), (1.4, 0.05, 200)
    )
    assert in_seconds(outages(rows)) == [(1.0, 1.15), (1.2, 1.35)]


def test_the_success_that_completes_first_ends_it() -> None:
    rows = records((1.0, 0.01, 503), (1.1, 0.9, 200), (1.2, 0.1, 200), (1.15, 0.01, 503))
    assert in_seconds(outages(rows)) == [(1.0, pytest.approx(1.3))]


def test_an_outage_that_nothing_ends_lasts_to_the_end_of_the_last_probe() -> None:
    rows = records((0.0, 0.01, 200), (1.0, 1.0, Outcome.TIMEOUT), (2.0, 1.0, Outcome.TIMEOUT))
    assert in_seconds(outages(rows)) == [(1.0, 3.0)]


def test_no_failure_no_outage() -> None:
    assert outages(records((0, 0.1, 200), (1, 0.1, 201))) == []
    assert outages(records()) == []
