"""Ways in which a file that somebody writes can be wrong: of its bytes, of its lines, of its keys and values.

Each is a function of what there is and of chance. Those in `ODD` make something that no file should hold;
what the others make may be right.
"""

import random
import re
import string
from collections.abc import Callable
from typing import Any

import yaml

Random = random.Random
Place = tuple[str | int, ...]
OfBytes = Callable[[bytes, Random], bytes]

LONG = 100_000

# --- Bytes and lines


def emptied(data: bytes, chance: Random) -> bytes:
    return chance.choice(
        [b"", b"\n", b"# nothing\n", b"---\n", b"---\n...\n", b"~\n", b"[]\n", b"{}\n"]
    )


def truncated(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data))]


def flipped(data: bytes, chance: Random) -> bytes:
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def nul(data: bytes, chance: Random) -> bytes:
    return _inserted(data, chance, b"\0")


def invalid_utf8(data: bytes, chance: Random) -> bytes:
    return _inserted(
        data, chance, chance.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
    )


def control(data: bytes, chance: Random) -> bytes:
    odd = ["\x01", "\x08", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ufffe"]
    return _inserted(data, chance, chance.choice(odd).encode())


def another_encoding(data: bytes, chance: Random) -> bytes:
    return data.decode().encode(chance.choice(["utf-16", "utf-16-le", "utf-32", "cp500"]))


def with_mark(data: bytes, chance: Random) -> bytes:
    return b"\xef\xbb\xbf" * chance.choice([1, 1, 2]) + data


def other_line_ends(data: bytes, chance: Random) -> bytes:
    return data.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\r"]))


def noise(data: bytes, chance: Random) -> bytes:
    return chance.randbytes(chance.choice([1, 100, 10_000]))


def too_large(data: bytes, chance: Random) -> bytes:
    return data + b"# more\n" * 100_000


def unclosed(data: bytes, chance: Random) -> bytes:
    return _inserted(
        data,
        chance,
        chance.choice([b'"', b"'", b"[", b"{", b"]", b"}", b"|", b">", b"&", b"*", b"!"]),
    )


def tabbed(data: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    lines[at] = b"\t" + lines[at].lstrip(b" ")
    return b"".join(lines)


def document_doubled(data: bytes, chance: Random) -> bytes:
    return data + chance.choice([b"---\n", b"...\n---\n", b""]) + data


def line_dropped(data: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def line_doubled(data: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def lines_swapped(data: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def indented(data: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    lines[at] = chance.choice([b" ", b"  ", b"      "]) + lines[at]
    return b"".join(lines)


def _inserted(data: bytes, chance: Random, what: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + what + data[at:]


OF_BYTES: tuple[OfBytes, ...] = (
    *(emptied, truncated, flipped, nul, invalid_utf8, control, another_encoding, with_mark),
    *(other_line_ends, noise, too_large, unclosed, tabbed, document_doubled, line_dropped),
    *(line_doubled, lines_swapped, indented),
)

# --- Values: each is text that is put where a value stands, as it is

DIGITS = ("\u0661\u0660", "\uff11\uff10", "\u0967\u0966", "\u00b2", "\u2460", "\U0001d7d9")


def deep(chance: Random) -> str:
    depth = chance.choice([20, 39, 41, 500, 5_000])
    return chance.choice(
        ["[" * depth + "]" * depth, "{a: " * depth + "1" + "}" * depth, "[" * depth]
    )


def bomb(chance: Random) -> str:
    levels = [f"&l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 8)]
    return f"[&l0 x, {', '.join(levels)}]"


def long(chance: Random) -> str:
    many = f"[{'1, ' * 5_000}1]"
    return chance.choice(["x" * LONG, "9" * LONG, "\u0661" * LONG, "a " * LONG, many])


def other_digits(chance: Random) -> str:
    return chance.choice(DIGITS) + chance.choice(["", "s", "/s", "%"])


def _one_of(*values: str) -> Callable[[Random], str]:
    return lambda chance: chance.choice(values)


VALUES: dict[str, Callable[[Random], str]] = {
    "null": _one_of("", "~", "null"),
    "nothing in it": _one_of('""', "''", "[]", "{}", '" "'),
    "another type": _one_of(
        *("5", "1.5", "true", "x", "[a]", "{a: b}", "[[]]", "[null]", '"5"', "2026-01-01", "on")
    ),
    "huge": _one_of(
        *("9" * 30, "1e308", "9223372036854775808", "1e999", "999999h", "999999999/s"),
        *("1" + "0" * 15, "0x" + "f" * 40, "99999999999%"),
    ),
    "negative": _one_of("-1", "-1s", "-5/s", "-0", "-1e-9", "-9223372036854775809", "-5%", "[-1]"),
    "tiny": _one_of(
        *("0", "0s", "0/s", "0%", "1e-300", "0.0000000001s", "0.000000000000000000000001/s", "1ns")
    ),
    "no number": _one_of(*(".nan", ".inf", "-.inf", "nan", "inf", "NaNs", "infs", "inf/s", "nan%")),
    "other digits": other_digits,
    "odd unit": _one_of(
        *("1sec", "10rps", "1gb", "10 s", "1e3s", "+5s", "5S", "1h-5m", "5%%", "1/s/s", "1/d"),
        *("1w", "0x10s", "1,5s"),
    ),
    "control character": _one_of(
        *('"a\\0b"', '"\\x1b[2J"', '"a\\nb"', '"\\u202ex"', '"\\ud800"', '"\\x7f"', '"a\\tb"'),
        '"\\r"',
    ),
    "markup": _one_of(
        *('"[red]x[/]"', '"x [/] y"', '"<script>alert(1)</script>"', '"{{ 7*7 }}"', '"${x}"'),
        *('"%s%n"', '"a|b"'),
    ),
    "long": long,
    "tag": _one_of(
        *("!!python/object/apply:os.system [id]", "!x y", "!!binary aGk=", "!!str 5", "!!set {a}"),
        *("! x", "!!int '5'"),
    ),
    "alias": _one_of(
        *("&a [*a]", "*nothing", "&a {x: *a}", "&a x", "{<<: {a: 1}}", "&a &b x", "{? [a] : b}"),
        "{{a: b}: c}",
    ),
    "deep": deep,
    "bomb": bomb,
    "path": _one_of(
        *("/dev/zero", "/dev/stdin", "../../../etc/passwd", "/proc/self/mem", "/", ".", "~"),
        *("x/../y", "http://127.0.0.1:1/"),
    ),
}
KEYS = _one_of(
    *("", "~", "5", "[a]", "{a: b}", "x" * LONG, '"\\0"', '"[/]"', "<<", "*a", "true", "\u0661")
)

ODD = {
    *("huge", "negative", "no number", "other digits", "odd unit", "control character", "markup"),
    *("long", "tag", "deep", "bomb", "path", "nul", "invalid_utf8", "control", "another_encoding"),
    *("noise", "too_large", "unclosed", "tabbed", "document_doubled", "key misspelt", "key odd"),
    *("key doubled", "operator", "many", "not a file", "tiny", "nothing in it", "another type"),
    *("row", "scale", "set dots", "set steps", "set index", "set no value", "set no key"),
    *("set empty", "set brackets", "set misspelt", "set long", "alias"),
}
"""Kinds that are listed where they are accepted; what others make may well be right."""

OPERATORS = ("<>", "=", "=<", "!=", "\u2264", "\uff1c", "<==", "", "<<", "in", "> <", "=>")


def places(value: Any, at: Place = ()) -> list[Place]:
    """Return the way to every value in a document, but to the whole."""
    steps: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    return [place for step, inner in steps for place in ((*at, step), *places(inner, (*at, step)))]


def found(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


MARK = "QQQ"


def misspelt(word: str, chance: Random) -> str:
    at = chance.randrange(len(word)) if word else 0
    letter = chance.choice(string.ascii_lowercase)
    fewer, more = word[:at] + word[at + 1 :], word[:at] + letter + word[at:]
    return chance.choice([fewer, more, word.upper(), f"{word} ", f"{word}s", f"{word}\u200b"])


def of_document(data: bytes, chance: Random) -> tuple[str, str, bytes]:
    """Return the kind, the place, and what became of a YAML file with one key or value changed."""
    document = yaml.safe_load(data)
    place = chance.choice(places(document))
    around, step = found(document, place[:-1]), place[-1]
    kind = chance.choice(_kinds(around[step], step))
    raw = ""
    match kind:
        case "value":
            kind = chance.choice(list(VALUES))
            raw = VALUES[kind](chance)
            around[step] = MARK
        case "crossed":
            around[step] = found(document, chance.choice(places(document)))
        case "removed":
            del around[step]
        case "item doubled":
            around.insert(step, around[step])
        case "operator":
            around[step] = re.sub("[<>=]=?", chance.choice(OPERATORS), around[step])
        case "many":
            _multiply(around, step, chance.choice([300, 1_500]))
        case "key moved":
            chance.choice(_mappings(document))[step] = around[step]
        case "key doubled":
            around[MARK], raw = around[step], str(step)
        case _:
            raw = misspelt(str(step), chance) if kind == "key misspelt" else KEYS(chance)
            items = [(MARK if key == step else key, kept) for key, kept in around.items()]
            around.clear()
            around.update(items)
    return kind, ".".join(map(str, place)), _written(document, raw)


def _kinds(value: Any, step: str | int) -> list[str]:
    """Return what may be done to a value, often what is rewarding."""
    kinds = ["value"] * 6 + ["crossed", "removed", "many"]
    if isinstance(step, str):
        kinds += ["key misspelt", "key doubled", "key odd", "key moved"]
    else:
        kinds += ["item doubled"]
    if isinstance(value, str) and re.search("[<>=]", value):
        kinds += ["operator"] * 4
    return kinds


def _mappings(value: Any) -> list[dict[Any, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) else []
    return own + [mapping for part in inner for mapping in _mappings(part)]


def _multiply(around: Any, step: Any, times: int) -> None:
    """Put a value there many times, under names of its own where it has one."""
    value = around[step]
    for number in range(times):
        if isinstance(around, dict):
            around[f"{step}-{number}"] = value
        elif isinstance(value, dict) and "as" in value:
            around.append({**value, "as": f"{value['as']}-{number}"})
        else:
            around.append(value)


def _written(document: Any, raw: str) -> bytes:
    """Return a document as YAML, with the mark in it replaced by text as it is."""
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)
    return text.replace(MARK, raw).encode("utf-8", "surrogatepass")
