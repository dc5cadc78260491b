"""Compare: the tables of a comparison's report, from its `verdict.json` alone."""

from collections.abc import Iterator, Sequence

from kubedrill.compare import sentences
from kubedrill.compare.verdict import ComparisonReport, PlayResult, RelationResult
from kubedrill.record.verdict import Verdict
from kubedrill.report.sentences import measured
from kubedrill.report.table import Cell, Table, bad, table, verdict_cell


def relations(report: ComparisonReport) -> Table:
    """Return each relation with what it was in each round, by phase."""
    rounds = range(1, report.repeat + 1)

    def row(relation: RelationResult) -> Iterator[str | Cell]:
        notes = (relation.words, *([relation.reason] if relation.reason else []))
        yield Cell(relation.text, "code", notes)
        for number in relation.rounds:
            shown = bad(sentences.ratio(number), number.verdict is Verdict.FAIL)
            yield Cell(shown.text, shown.kind, (sentences.compared(number, relation),))
        yield verdict_cell(relation.verdict)

    phases = dict.fromkeys(relation.phase for relation in report.relations)
    groups = [
        (phase, [tuple(row(known)) for known in report.relations if known.phase == phase])
        for phase in phases
    ]
    columns = ("Left side by right side", *(f"round {number}" for number in rounds), "Verdict")
    return table("What relates the variants, by phase", columns, groups, rounds)


def side_by_side(report: ComparisonReport) -> Table:
    """Return every objective of the drill with what each run measured, the runs of an arm together."""
    plays = sorted(
        (play for play in report.plays if play.objectives),
        key=lambda play: [arm.name for arm in report.arms].index(play.arm),
    )
    objectives = dict.fromkeys(
        (asked.phase, asked.text) for play in plays for asked in play.objectives
    )
    groups = [
        (phase, [_row(text, phase, plays) for known, text in objectives if known == phase])
        for phase in dict.fromkeys(phase for phase, _ in objectives)
    ]
    columns = ("Objective", *(play.name for play in plays))
    caption = "The drill's own objectives, as each run measured them"
    return table(caption, columns, groups, range(1, len(columns)))


def _row(text: str, phase: str, plays: Sequence[PlayResult]) -> tuple[str | Cell, ...]:
    cells: list[str | Cell] = [Cell(text, "code")]
    for play in plays:
        found = [asked for asked in play.objectives if (asked.phase, asked.text) == (phase, text)]
        cells += [
            bad(measured(asked), asked.verdict is not Verdict.PASS) for asked in found[:1]
        ] or ["-"]
    return tuple(cells)
