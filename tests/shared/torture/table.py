"""What became of a campaign's cases: by moment, fault, shot and verdict; and each that left something."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from torture.cases import PAUSES_S
from torture.playing import Played

SHARE = 0.99
"""Of the drills where somebody is left who undoes, so many leave nothing though nobody asks `heal`."""

COLUMNS: dict[str, Callable[[Played], bool]] = {
    "drills": lambda _: True,
    "left by itself": lambda played: bool(played.left),
    "left after heal": lambda played: bool(played.left_after_heal),
    "wrong": lambda played: bool(played.wrong),
}


def failed(every: Sequence[Played]) -> list[str]:
    """Return what a campaign must not show, a line each."""
    said = [f"{played.case}: {words}" for played in every for words in played.bad]
    guarded = [played for played in every if played.is_guarded]
    left = [played for played in guarded if played.left]
    if len(left) > len(guarded) * (1 - SHARE):
        said.append(
            f"{len(left)} of {len(guarded)} left something, though somebody was left to undo"
        )
        said += [f"{played.case}: {words}" for played in left for words in played.left]
    return said


def show(every: Sequence[Played]) -> Iterator[str]:
    """Yield the lines of the tables, and each case in which something was left, or is wrong."""
    yield from _table("moment", every, lambda played: [played.case.moment], [*PAUSES_S])
    yield from _table("fault", every, lambda played: [name for name, _ in played.case.faults])
    yield from _table("shot", every, lambda played: map(str, played.case.shots))
    yield from _table("at once", every, lambda played: [f"{len(played.case.shots)} shots"])
    yield from _table("verdict", every, lambda played: [played.verdict])
    missed = [played for played in every if played.missed]
    absent = sum(len(played.absent) for played in every)
    yield f"{len(missed)} drills ended before their moment; {absent} who were to be shot had ended before"
    guarded = [played for played in every if played.is_guarded]
    clean = sum(not played.left for played in guarded)
    yield f"without heal, where runner or watchdog lived on: {clean} of {len(guarded)} left nothing"
    left = [played for played in every if played.left]
    clean = sum(not played.left_after_heal for played in left)
    yield f"after one heal: {clean} of {len(left)} left nothing"
    yield ""
    told = [(played, words) for played in every for words in (*played.bad, *_unguarded(played))]
    yield f"{len(told)} lines on what was left, or is wrong"
    yield from (f"  {played.case}: {words}" for played, words in told)


def _unguarded(played: Played) -> tuple[str, ...]:
    return played.left if played.is_guarded else ()


def _table(
    head: str,
    every: Iterable[Played],
    keys: Callable[[Played], Iterable[str]],
    order: Sequence[str] = (),
) -> Iterator[str]:
    rows: dict[str, list[Played]] = {key: [] for key in order}
    for played in every:
        for key in keys(played):
            rows.setdefault(key, []).append(played)
    width = max(map(len, (head, *rows)))
    yield "  ".join((f"{head:<{width}}", *COLUMNS))
    for key in order or sorted(rows):
        counts = {name: sum(map(counted, rows[key])) for name, counted in COLUMNS.items()}
        yield "  ".join(
            (f"{key:<{width}}", *(f"{count or '-':>{len(name)}}" for name, count in counts.items()))
        )
    yield ""
