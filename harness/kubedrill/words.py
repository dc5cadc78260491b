"""How messages show what people wrote, and suggest what was meant."""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb

SHOWN = 60
"""Characters of a value that a message repeats at most."""
LISTED = 40
"""Names that a message lists at most."""
COMPARED = 200
"""Names that a misspelt one is compared with at most: 0.03 ms each."""
FEW = 4
"""Names one after the other that a line shows at most."""
_MANY = re.compile(rf"[\w./-]+(?:, [\w./-]+){{{FEW},}}")


def printable(text: str) -> str:
    """Return a text as one line that a terminal can show: what it cannot print stands as an escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def shown(value: object, most: int = SHOWN) -> str:
    """Return what somebody wrote as a message repeats it: printable, and at most so long."""
    text = str(value)
    return printable(text if len(text) <= most else f"{text[: most - 3]}...")


def few(text: str) -> str:
    """Return a text in which of names with commas between them the first are there: `a, b, c, 15 more`."""

    def shortened(many: re.Match[str]) -> str:
        names = many[0].split(", ")
        return f"{', '.join(names[: FEW - 1])}, {len(names) - FEW + 1} more"

    return _MANY.sub(shortened, text)


def exit_status(status: int | None) -> str:
    """Return how a process ended: `signal 9`, `status 1`; None where nobody knows."""
    if status is None:
        return "status unknown"
    return f"signal {-status}" if status < 0 else f"status {status}"


def in_a_line(error: BaseException) -> str:
    """Return what was raised, and where: `ZeroDivisionError: division by zero (gauges.py:31, in worst)`."""
    said = " ".join(str(error).split())
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if isinstance(error, SyntaxError):
        return printable(what)  # which says where
    frames = extract_tb(error.__traceback__)
    where = (
        f" ({Path(frame.filename).name}:{frame.lineno}, in {frame.name})" for frame in frames[-1:]
    )
    return printable(what) + "".join(where)


def why_not(act: Callable[[], object]) -> str:
    """Do something; return in a line why it could not be done, "" if it was."""
    try:
        act()
    except OSError as error:
        return error.strerror or in_a_line(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and what comes after is done
        return in_a_line(error)
    return ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` for the nearest known word, else ``; known: a, b, c``."""
    names = sorted(known)
    near = get_close_matches(word[:SHOWN], _candidates(word, names), n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{shown(near[0])}"?'
    more = ", ..." if len(names) > LISTED else ""
    return f"; known: {', '.join(map(shown, names[:LISTED]))}{more}" if names else ""


def _candidates(word: str, names: list[str]) -> list[str]:
    """Return the names to compare a word with: of very many some, since each comparison takes its time."""
    if len(names) <= COMPARED:
        return names
    return [name[:SHOWN] for name in names if name[:1] == word[:1]][:COMPARED]


def a(noun: str) -> str:
    """Return a noun with its article: `a member`, `an apiserver`."""
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def counted(number: int, thing: str) -> str:
    """Return `1 request`, `3 requests`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def led_by(sentences: Sequence[str], most: int) -> str:
    """Return the first of several in a line: `a; b; and 3 more`."""
    left = len(sentences) - most
    return "; ".join([*sentences[:most], *([f"and {left} more"] if left > 0 else [])])


def are(count: int) -> str:
    """Return the verb for so many: `is` for 1."""
    return "is" if count == 1 else "are"
