"""What the answers of a campaign are, by kind and by file, and what is wrong with them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from damage.judging import Answer
from damage.right import why_right

COLUMNS = ("INVALID", "FAIL", "PASS", "traceback", "not named", "hung", "other")


def wrong(answer: Answer) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    if answer.told in ("PASS", "INVALID", "FAIL"):
        if answer.told == "PASS":
            return "" if answer.anew and why_right(answer) else "a PASS"
        return "" if answer.anew or answer.names_the_file else "the file is not named"
    return answer.told


def show(answers: Sequence[Answer]) -> Iterator[str]:
    """Yield the lines of the tables of both runs, the PASSes that are right, and what is wrong."""
    for anew, words in ((False, "as it is"), (True, "with the manifest made anew")):
        some = [one for one in answers if one.anew is anew]
        yield f"{len(some)} damages, {words}:"
        yield ""
        yield from _table("kind", some, lambda one: one.kind)
        yield ""
        yield from _table("file", some, lambda one: one.file)
        yield ""
    passed = [one for one in answers if one.told == "PASS" and not wrong(one)]
    yield f"{len(passed)} PASSes that are right:"
    for why, some in _grouped(passed):
        yield f"  {why}"
        yield from (f"    {shown(one)}" for one in some)
    yield ""
    bad = [one for one in answers if wrong(one)]
    yield f"{len(bad)} answers are wrong{':' if bad else ''}"
    yield from (f"  {wrong(one)}: {shown(one)}" for one in bad)


def shown(answer: Answer) -> str:
    """Return an answer's damage in a line."""
    anew = ", manifest anew" if answer.anew else ""
    return f"#{answer.number} {answer.file} {answer.kind}{anew}: {answer.done}"


def _table(head: str, answers: Iterable[Answer], key: Callable[[Answer], str]) -> Iterator[str]:
    rows: dict[str, Counter[str]] = {}
    for one in answers:
        row = rows.setdefault(key(one), Counter())
        row[one.told if one.told in COLUMNS else "other"] += 1
        row["not named"] += not one.names_the_file and one.told in ("INVALID", "FAIL")
    width = max(map(len, (head, *rows)), default=0)
    yield "  ".join((f"{head:<{width}}", *COLUMNS))
    for name, row in (*sorted(rows.items()), ("all", sum(rows.values(), Counter()))):
        yield "  ".join(
            (f"{name:<{width}}", *(f"{row[one] or '-':>{len(one)}}" for one in COLUMNS))
        )


def _grouped(passed: Sequence[Answer]) -> Iterator[tuple[str, list[Answer]]]:
    by_why: dict[str, list[Answer]] = {}
    for one in passed:
        by_why.setdefault(why_right(one), []).append(one)
    yield from by_why.items()
