"""Damages of what JSON says: keys, types, times, counts, words and thresholds.

What most of them leave can be read: only who compares it with something else finds out.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from damage.files import SECOND, Damage, Unfit, shift, short

Place = tuple[Any, Any]
"""A dict or list, and a key of it."""

_TIMES = {"time", "end", "start", "since", "monotonic", "wall", "inject", "undo", "deadline"}
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
        return f"{key}: {short(before)} -> {after}"

    return _change_one(path, chance, lambda _: True, change)


def time_shifted(path: Path, chance: Random) -> str:
    def change(place: Place) -> str:
        holder, key = place
        by = shift(chance)
        holder[key] = max(holder[key] + by, 0)
        return f"{key} shifted by {by / SECOND:+.3f} s"

    return _change_one(path, chance, _is_time, change)


def all_times_shifted(path: Path, chance: Random) -> str:
    """As if the file were of another drill, or of another clock."""
    by, count = shift(chance), 0
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
    return f"{count} times shifted by {by / SECOND:+.3f} s"


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
            inner[k]
            for text in _texts(path)
            for inner, k in _places(_parsed(text))
            if _is_word((inner, k))
        }
        holder[key] = chance.choice(sorted({*words, ""} - {before}))
        return f"{key}: {short(before)} -> {short(holder[key])}"

    return _change_one(path, chance, _is_word, change)


def loosened(path: Path, chance: Random) -> str:
    """Make one objective easier: ten times the limit, a tenth of what is asked, or none at all."""
    text = path.read_text()
    asked = [*re.finditer(r"([<>]=?|==) *([\d.]+)", text)]
    if not asked:
        raise Unfit
    bound = chance.choice(asked)
    operator, number = bound[1], float(bound[2])
    easier = number / 10 if operator.startswith(">") else number * 10 + 1
    after = f"{'<=' if operator == '==' else operator} {easier:g}"
    path.write_text(f"{text[: bound.start()]}{after}{text[bound.end() :]}")
    return f"{bound[0]} -> {after}"


def objective_dropped(path: Path, chance: Random) -> str:
    document = json.loads(path.read_text())
    if not document.get("objectives"):
        raise Unfit
    gone = document["objectives"].pop(chance.randrange(len(document["objectives"])))
    path.write_text(_written(path, document))
    return f"without {gone['phase']}: {gone['text']}"


OF_JSON: tuple[Damage, ...] = (
    key_removed,
    retyped,
    time_shifted,
    all_times_shifted,
    count_changed,
    word_changed,
)
OF_OBJECTIVES: tuple[Damage, ...] = (loosened, objective_dropped)


def _texts(path: Path) -> list[str]:
    """Return the documents of a file: its lines, or the whole."""
    text = path.read_text()
    texts = text.splitlines(keepends=True) if path.suffix == ".jsonl" else [text]
    if not any(text.strip() for text in texts):
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
