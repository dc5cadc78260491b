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
        some = [answer for answer in answers if answer.anew is anew]
        yield f"{len(some)} damages, {words}:"
        yield ""
        yield from _table("kind", some, lambda answer: answer.kind)
        yield ""
        yield from _table("file", some, lambda answer: answer.file)
        yield ""
    passed = [answer for answer in answers if answer.told == "PASS" and not wrong(answer)]
    yield f"{len(passed)} PASSes that are right:"
    for why, some in _grouped(passed):
        yield f"  {why}"
        yield from (f"    {shown(answer)}" for answer in some)
    yield ""
    bad = [answer for answer in answers if wrong(answer)]
    yield f"{len(bad)} answers are wrong{':' if bad else ''}"
    yield from (f"  {wrong(answer)}: {shown(answer)}" for answer in bad)


def shown(answer: Answer) -> str:
    """Return an answer's damage in a line."""
    anew = ", manifest anew" if answer.anew else ""
    return f"#{answer.number} {answer.file} {answer.kind}{anew}: {answer.done}"


def _table(head: str, answers: Iterable[Answer], key: Callable[[Answer], str]) -> Iterator[str]:
    rows: dict[str, Counter[str]] = {}
    for answer in answers:
        row = rows.setdefault(key(answer), Counter())
        row[answer.told if answer.told in COLUMNS else "other"] += 1
        row["not named"] += not answer.names_the_file and answer.told in ("INVALID", "FAIL")
    width = max(map(len, (head, *rows)), default=0)
    yield "  ".join((f"{head:<{width}}", *COLUMNS))
    for name, row in (*sorted(rows.items()), ("all", sum(rows.values(), Counter()))):
        yield "  ".join(
            (f"{name:<{width}}", *(f"{row[column] or '-':>{len(column)}}" for column in COLUMNS))
        )


def _grouped(passed: Sequence[Answer]) -> Iterator[tuple[str, list[Answer]]]:
    by_why: dict[str, list[Answer]] = {}
    for answer in passed:
        by_why.setdefault(why_right(answer), []).append(answer)
    yield from by_why.items()
