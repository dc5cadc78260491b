"""Damages of tables: records that are gone, there twice, shifted, or say something else."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from damage.files import SECOND, Damage, Unfit, shift


def record_dropped(path: Path, chance: Random) -> str:
    return _change_table(path, lambda rows: _without(rows, chance, 1))


def records_dropped(path: Path, chance: Random) -> str:
    return _change_table(path, lambda rows: _without(rows, chance, max(len(rows) // 20, 2)))


def record_doubled(path: Path, chance: Random) -> str:
    def change(rows: list[dict[str, Any]]) -> str:
        at = chance.randrange(len(rows))
        rows.insert(at, rows[at])
        return f"record {at} twice{_series_of(rows[at : at + 1])}"

    return _change_table(path, change)


def records_doubled(path: Path, chance: Random) -> str:
    def change(rows: list[dict[str, Any]]) -> str:
        times = chance.choice([2, 20])
        rows *= times
        return f"each record {times} times"

    return _change_table(path, change)


def records_swapped(path: Path, chance: Random) -> str:
    def change(rows: list[dict[str, Any]]) -> str:
        first, other = chance.sample(range(len(rows)), 2)
        if rows[first] == rows[other]:
            raise Unfit
        rows[first], rows[other] = rows[other], rows[first]
        return f"records {first} and {other} swapped"

    return _change_table(path, change)


def records_shifted(path: Path, chance: Random) -> str:
    def change(rows: list[dict[str, Any]]) -> str:
        name = _time_of(rows)
        by, begin = shift(chance), chance.choice([0, len(rows) // 2])
        for row in rows[begin:]:
            row[name] = max(row[name] + by, 0)
        return f"{name} shifted by {by / SECOND:+.3f} s from record {begin} on"

    return _change_table(path, change)


def failures_made_good(path: Path, chance: Random) -> str:
    def change(rows: list[dict[str, Any]]) -> str:
        bad = [row for row in rows if row.get("outcome", 200) >= 300]
        if not bad:
            raise Unfit
        for row in bad:
            row["outcome"] = 200
        return f"{len(bad)} failures made successes"

    return _change_table(path, change)


def field_changed(path: Path, chance: Random) -> str:
    def change(rows: list[dict[str, Any]]) -> str:
        at = chance.randrange(len(rows))
        numbers = [key for key, value in rows[at].items() if isinstance(value, int | float)]
        name = chance.choice(sorted(numbers))
        before = rows[at][name]
        rows[at][name] = chance.choice([0, before // 2, before + 1, 200])
        if rows[at][name] == before:
            raise Unfit
        return f"record {at}: {name}: {before} -> {rows[at][name]}"

    return _change_table(path, change)


def column_removed(path: Path, chance: Random) -> str:
    table = pq.read_table(path)
    name = chance.choice(table.column_names)
    pq.write_table(table.drop_columns([name]), path)
    return f"without {name}"


def column_retyped(path: Path, chance: Random) -> str:
    table = pq.read_table(path)
    name = chance.choice(table.column_names)
    texts = pa.array([str(value) for value in table[name].to_pylist()])
    pq.write_table(table.set_column(table.column_names.index(name), name, texts), path)
    return f"{name} as text"


OF_TABLES: tuple[Damage, ...] = (
    record_dropped,
    records_dropped,
    record_doubled,
    records_doubled,
    records_swapped,
    records_shifted,
    failures_made_good,
    field_changed,
    column_removed,
    column_retyped,
)


def _change_table(path: Path, change: Callable[[list[dict[str, Any]]], str]) -> str:
    table = pq.read_table(path)
    rows = table.to_pylist()
    if len(rows) < 2:
        raise Unfit
    said = change(rows)
    try:
        changed = pa.Table.from_pylist(rows, schema=table.schema)
    except (pa.ArrowInvalid, OverflowError, TypeError):
        raise Unfit from None
    pq.write_table(changed, path, compression="zstd")
    return said


def _without(rows: list[dict[str, Any]], chance: Random, count: int) -> str:
    at = chance.randrange(len(rows) - count + 1)
    series = _series_of(rows[at : at + count])
    del rows[at : at + count]
    return f"without {count} records from {at} on{series}"


def _series_of(rows: list[dict[str, Any]]) -> str:
    """Return in words of which series these records are, where records have one."""
    numbers = sorted({row["series"] for row in rows if "series" in row})
    return f", of series {', '.join(map(str, numbers))}" if numbers else ""


def _time_of(rows: list[dict[str, Any]]) -> str:
    return next(name for name in ("intended", "time") if name in rows[0])
