import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubedrill.record.lines import read_whole
from kubedrill.record.sample import (
    LOAD_DTYPE,
    LOAD_RECORD,
    PROBE_DTYPE,
    PROBE_RECORD,
    Outcome,
    SampleWriter,
    outcome_name,
    read_bin,
)
from kubedrill.record.sidecar import LoadSeries, LoadSidecar

SIDECAR = LoadSidecar(
    series=(LoadSeries(name="list", verb="LIST", role="transaction"),),
    targets=("unknown",),
    profile="mass-list",
    load="list",
)
RECORD = st.tuples(
    st.integers(0, 2**64 - 1),
    *[st.integers(0, 2**32 - 1)] * 4,
    st.integers(0, 2**16 - 1),
    *[st.integers(0, 255)] * 2,
)


def test_a_record_has_the_size_that_the_design_says() -> None:
    assert LOAD_RECORD.size == LOAD_DTYPE.itemsize == 28
    assert PROBE_RECORD.size == PROBE_DTYPE.itemsize == 32
    assert LOAD_RECORD.format == "<QIIIIHBB"
    assert PROBE_RECORD.format == "<QIIIIHBBI"


@settings(max_examples=25)
@given(st.lists(RECORD, max_size=20))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("samples")
    writer = SampleWriter(folder, "load-list", SIDECAR, LOAD_RECORD)
    for record in records:
        writer.add(*record)
    writer.close()
    assert [
        tuple(record) for record in read_bin(folder / "load-list.bin", LOAD_DTYPE).tolist()
    ] == records
    assert read_whole(folder / "load-list.json", LoadSidecar) == SIDECAR


def test_probes_carry_their_staleness(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, "probe", SIDECAR, PROBE_RECORD)
    writer.add(10**18, 1, 2, 3, 4, 200, 0, 1, 77)
    writer.close()
    (record,) = read_bin(tmp_path / "probe.bin", PROBE_DTYPE)
    assert (record["intended"], record["outcome"], record["staleness_us"]) == (10**18, 200, 77)


def test_more_than_the_buffer_holds_is_written_by_itself(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, "x", SIDECAR, LOAD_RECORD)
    for number in range(10_000):
        writer.add(number, 0, 0, 0, 0, 200, 0, 0)
    writer.close()
    records = read_bin(tmp_path / "x.bin", LOAD_DTYPE)
    assert np.array_equal(records["intended"], np.arange(10_000))


def test_a_reader_goes_on_where_it_was_and_sees_whole_records_only(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, "x", SIDECAR, LOAD_RECORD)
    path = tmp_path / "x.bin"
    for number in range(3):
        writer.add(number, 0, 0, 0, 0, 200, 0, 0)
    assert len(read_bin(path, LOAD_DTYPE)) == 0, "nothing before flush"
    writer.flush()
    with path.open("ab") as file:
        file.write(b"half a record")
    assert read_bin(path, LOAD_DTYPE)["intended"].tolist() == [0, 1, 2]
    assert read_bin(path, LOAD_DTYPE, 2)["intended"].tolist() == [2]
    assert len(read_bin(path, LOAD_DTYPE, 3)) == 0
    assert len(read_bin(path, LOAD_DTYPE, 9)) == 0
    writer.close()


def test_what_was_flushed_survives_sigkill(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from kubedrill.record.lines import read_whole
from kubedrill.record.sidecar import LoadSeries, LoadSidecar
from kubedrill.record.sample import LOAD_RECORD, SampleWriter
writer = SampleWriter(Path(sys.argv[1]), "x", {}, LOAD_RECORD)
for number in range(5):
    writer.add(number, 0, 0, 0, 0, 200, 0, 0)
writer.flush()
writer.add(5, 0, 0, 0, 0, 200, 0, 0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == -9
    assert read_bin(tmp_path / "x.bin", LOAD_DTYPE)["intended"].tolist() == [0, 1, 2, 3, 4]


def test_a_full_disk_is_the_writers_to_report(tmp_path: Path) -> None:
    (tmp_path / "x.bin").symlink_to("/dev/full")
    writer = SampleWriter(tmp_path, "x", SIDECAR, LOAD_RECORD)
    writer.add(0, 0, 0, 0, 0, 200, 0, 0)
    with pytest.raises(OSError, match="No space left") as caught:
        writer.close()
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(ValueError, match="closed file"):
        writer.flush()


@pytest.mark.parametrize(
    ("outcome", "name"),
    [(200, "ok"), (201, "ok"), (429, "http 429"), (503, "http 503"), (304, "http 304")],
)
def test_statuses_in_words(outcome: int, name: str) -> None:
    assert outcome_name(outcome) == name


def test_every_failure_has_a_name() -> None:
    names = {outcome_name(outcome) for outcome in Outcome}
    assert len(names) == len(Outcome)
    assert {"refused", "timeout", "dropped", "cut"} <= names
