"""Damages of what a file says: keys, types, times, counts and thresholds of JSON, records of tables, pages.

What most of them leave can be read: only who compares it with something else finds out.
"""

import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from zlib import MAX_WBITS, compressobj, crc32, decompressobj

import pyarrow as pa
import pyarrow.parquet as pq

from damage.files import Damage, Unfit

Place = tuple[Any, Any]
"""A dict or list, and a key of it."""

_TIMES = {"time", "end", "start", "since", "monotonic", "wall", "inject", "undo", "deadline"}
_SECOND = 1_000_000_000
_HEADER = b"\x1f\x8b\x08\x10" + b"\0" * 6
"""Of a gzip member with a comment."""
_ODD = ('"7"', "NaN", "-1", "null", "[]", "true", "1e400")


def key_removed(path: Path, chance: Random) -> str:
    def change(place: Place) -> str:
        holder, key = place
        del holder[key]
        return f"without {key}"

    return _change_one(path, chance, lambda place: isinstance(place[0], dict), change)


def retyped(path: Path, chance: Random) -> str:
    def change(place: Place) -> str:
        holder, key = place
        before, after = holder[key], chance.choice(_ODD)
        holder[key] = json.loads(after)
        if holder[key] == before and type(holder[key]) is type(before):
            raise Unfit
        return f"{key}: {_short(before)} -> {after}"

    return _change_one(path, chance, lambda _: True, change)


def time_shifted(path: Path, chance: Random) -> str:
    def change(place: Place) -> str:
        holder, key = place
        by = _shift(chance)
        holder[key] = max(holder[key] + by, 0)
        return f"{key} shifted by {by / _SECOND:+.3f} s"

    return _change_one(path, chance, _is_time, change)


def all_times_shifted(path: Path, chance: Random) -> str:
    """As if the file were of another drill, or of another clock."""
    by, count = _shift(chance), 0
    texts = _texts(path)
    for number, text in enumerate(texts):
        document = _parsed(text)
        for holder, key in filter(_is_time, _places(document)):
            holder[key] = max(holder[key] + by, 0)
            count += 1
        texts[number] = _written(path, document)
    if not count:
        raise Unfit
    path.write_text("".join(texts))
    return f"{count} times shifted by {by / _SECOND:+.3f} s"


def count_changed(path: Path, chance: Random) -> str:
    def change(place: Place) -> str:
        holder, key = place
        before = holder[key]
        factor = chance.choice([0, 0.5, 2, 10])
        changed = before * factor if before else chance.choice([1, 5])
        holder[key] = type(before)(changed)
        if holder[key] == before:
            raise Unfit
        return f"{key}: {before} -> {holder[key]}"

    return _change_one(path, chance, _is_count, change)


def word_changed(path: Path, chance: Random) -> str:
    """Say another word that the file has elsewhere, or none."""

    def change(place: Place) -> str:
        holder, key = place
        before = holder[key]
        words = {
            one[k]
            for text in _texts(path)
            for one, k in _places(_parsed(text))
            if _is_word((one, k))
        }
        holder[key] = chance.choice(sorted({*words, ""} - {before}))
        return f"{key}: {_short(before)} -> {_short(holder[key])}"

    return _change_one(path, chance, _is_word, change)


def loosened(path: Path, chance: Random) -> str:
    """Make one objective easier: ten times the limit, a tenth of what is asked, or none at all."""
    text = path.read_text()
    asked = [*re.finditer(r"([<>]=?|==) *([\d.]+)", text)]
    if not asked:
        raise Unfit
    one = chance.choice(asked)
    operator, number = one[1], float(one[2])
    easier = number / 10 if operator.startswith(">") else number * 10 + 1
    after = f"{'<=' if operator == '==' else operator} {easier:g}"
    path.write_text(f"{text[: one.start()]}{after}{text[one.end() :]}")
    return f"{one[0]} -> {after}"


def objective_dropped(path: Path, chance: Random) -> str:
    document = json.loads(path.read_text())
    if not document.get("objectives"):
        raise Unfit
    gone = document["objectives"].pop(chance.randrange(len(document["objectives"])))
    path.write_text(_written(path, document))
    return f"without {gone['phase']}: {gone['text']}"


def record_dropped(path: Path, chance: Random) -> str:
    return _change_table(path, lambda rows: _without(rows, chance, 1))


def records_dropped(path: Path, chance: Random) -> str:
    return _change_table(path, lambda rows: _without(rows, chance, max(len(rows) // 20, 2)))


def record_doubled(path: Path, chance: Random) -> str:
    def change(rows: list[dict[str, Any]]) -> str:
        at = chance.randrange(len(rows))
        rows.insert(at, rows[at])
        return f"record {at} twice"

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
        by, begin = _shift(chance), chance.choice([0, len(rows) // 2])
        for row in rows[begin:]:
            row[name] = max(row[name] + by, 0)
        return f"{name} shifted by {by / _SECOND:+.3f} s from record {begin} on"

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
    texts = pa.array([str(one) for one in table[name].to_pylist()])
    pq.write_table(table.set_column(table.column_names.index(name), name, texts), path)
    return f"{name} as text"


def page_changed(path: Path, chance: Random) -> str:
    """Change one digit of one page, packed into as many bytes and with the right checksum."""
    data = path.read_bytes()
    begin, end = chance.choice(_members(data))
    text = bytearray(decompressobj(16 + MAX_WBITS).decompress(data[begin:end]))
    digits = [at for at, one in enumerate(text) if 48 <= one < 58]
    if not digits:
        raise Unfit
    at = chance.choice(digits)
    text[at] = 48 + (text[at] - 48 + chance.randrange(1, 10)) % 10
    path.write_bytes(data[:begin] + _packed(bytes(text), end - begin) + data[end:])
    line = text[text.rfind(b"\n", 0, at) + 1 :].partition(b"\n")[0]
    return f"in the page at {begin}: {_short(line.decode(errors='replace'))}"


def page_dropped(path: Path, chance: Random) -> str:
    data = path.read_bytes()
    begin, end = chance.choice(_members(data))
    path.write_bytes(data[:begin] + data[end:])
    return f"without the page at {begin}"


def pages_swapped(path: Path, chance: Random) -> str:
    data = path.read_bytes()
    members = _members(data)
    if len(members) < 2:
        raise Unfit
    first, other = sorted(chance.sample(range(len(members)), 2))
    parts = [data[begin:end] for begin, end in members]
    parts[first], parts[other] = parts[other], parts[first]
    path.write_bytes(b"".join(parts))
    return f"pages {first} and {other} swapped"


OF_JSON: tuple[Damage, ...] = (
    key_removed,
    retyped,
    time_shifted,
    all_times_shifted,
    count_changed,
    word_changed,
)
OF_OBJECTIVES: tuple[Damage, ...] = (loosened, objective_dropped)
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
OF_PAGES: tuple[Damage, ...] = (page_changed, page_dropped, pages_swapped)


def _shift(chance: Random) -> int:
    return round(chance.choice([-1, 1]) * chance.choice([0.05, 1.5, 20, 300]) * _SECOND)


def _texts(path: Path) -> list[str]:
    """Return the documents of a file: its lines, or the whole."""
    text = path.read_text()
    texts = text.splitlines(keepends=True) if path.suffix == ".jsonl" else [text]
    if not any(one.strip() for one in texts):
        raise Unfit
    return texts


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Unfit from None


def _written(path: Path, document: Any) -> str:
    """Return a document as this project's writers leave it."""
    if path.suffix == ".jsonl":
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _change_one(
    path: Path, chance: Random, fits: Callable[[Place], bool], change: Callable[[Place], str]
) -> str:
    texts = _texts(path)
    number = chance.randrange(len(texts))
    document = _parsed(texts[number])
    places = [place for place in _places(document) if fits(place)]
    if not places:
        raise Unfit
    said = change(chance.choice(places))
    texts[number] = _written(path, document)
    path.write_text("".join(texts))
    return f"line {number + 1}: {said}" if path.suffix == ".jsonl" else said


def _places(document: Any) -> Iterator[Place]:
    keys = document if isinstance(document, dict) else range(len(document))
    for key in keys:
        yield document, key
        if isinstance(document[key], dict | list):
            yield from _places(document[key])


def _is_time(place: Place) -> bool:
    holder, key = place
    return key in _TIMES and type(holder[key]) is int


def _is_count(place: Place) -> bool:
    holder, key = place
    return type(holder[key]) in (int, float) and not _is_time(place)


def _is_word(place: Place) -> bool:
    holder, key = place
    return isinstance(holder[key], str)


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
    del rows[at : at + count]
    return f"without {count} records from {at} on"


def _time_of(rows: list[dict[str, Any]]) -> str:
    return next(name for name in ("intended", "time") if name in rows[0])


def _members(data: bytes) -> list[tuple[int, int]]:
    """Return where each gzip member of a file begins and ends."""
    found, begin = [], 0
    while begin < len(data):
        member = decompressobj(16 + MAX_WBITS)
        member.decompress(data[begin:])
        end = len(data) - len(member.unused_data)
        found.append((begin, end))
        begin = end
    return found


def _packed(text: bytes, size: int) -> bytes:
    """Return a gzip member of exactly so many bytes, filled up with a comment; Unfit if it takes more."""
    packing = compressobj(level=9, wbits=-MAX_WBITS)
    body = packing.compress(text) + packing.flush()
    body += struct.pack("<II", crc32(text), len(text) & 0xFFFFFFFF)
    left = size - len(_HEADER) - len(body)
    if left < 1:
        raise Unfit
    return _HEADER + b" " * (left - 1) + b"\0" + body


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
