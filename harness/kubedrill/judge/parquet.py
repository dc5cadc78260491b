"""Judge: after a drill, its samples and metrics as Parquet, which other programs read."""

from contextlib import suppress

from kubedrill.figures.traces import read_records, sample_names, write_parquet
from kubedrill.judge.pages import read_scrapes, write_metrics
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence


def convert(folder: RunFolder) -> None:
    """Replace each `samples/NAME.bin` by `NAME.parquet`, and write metrics.parquet.

    Only when nobody writes samples any more. Killed at any moment, it may be called again: the
    records are deleted after the table is whole. What cannot be read stays as it is: it is the verdict
    that says what is wrong with it.
    """
    for name in sample_names(folder):
        raw = folder.samples / f"{name}.bin"
        if not raw.exists():
            continue
        try:
            records = read_records(folder, name)
        except BadEvidence:
            continue
        whole = folder.samples / f"{name}.parquet"
        temporary = folder.samples / f".{name}.parquet"
        write_parquet(temporary, records)
        temporary.replace(whole)
        raw.unlink()
    with suppress(BadEvidence):
        write_metrics(read_scrapes(folder), folder.metrics_parquet)
