"""Compare: one relation against what each round measured.

It must hold in every round. Two or three rounds have no distribution: their mean, or the better one,
would let a round in which it held stand for one in which it did not.
"""

from collections.abc import Mapping

from kubedrill.compare.order import Play
from kubedrill.compare.verdict import RelationResult, RoundResult, SideResult
from kubedrill.reading.units import show
from kubedrill.record.objective import OPERATORS
from kubedrill.record.relation import Relation, Side, known, relation_holds, relation_words
from kubedrill.record.verdict import ObjectiveResult, Verdict

Figures = Mapping[tuple[str, str], ObjectiveResult]
"""What was measured in one run, by phase and text of the objective that asked for it."""


def relate(
    phase: str, relation: Relation, repeat: int, figures: Mapping[Play, Figures]
) -> RelationResult:
    """Return what became of a relation: INVALID if a round does not tell, FAIL if it did not hold in one."""
    rounds = [_round(phase, relation, number, figures) for number in range(1, repeat + 1)]
    found = {result.verdict for result in rounds}
    worst = next((bad for bad in (Verdict.INVALID, Verdict.FAIL) if bad in found), Verdict.PASS)
    return RelationResult(
        phase=phase,
        text=relation.text,
        words=relation_words(relation, phase),
        unit=relation.unit,
        operator=relation.operator,
        factor=relation.factor,
        rounds=rounds,
        verdict=worst if rounds else Verdict.INVALID,
        reason="; ".join(
            f"round {result.round}: {result.reason}" for result in rounds if result.reason
        ),
    )


def _round(
    phase: str, relation: Relation, number: int, figures: Mapping[Play, Figures]
) -> RoundResult:
    sides = [
        figures.get(Play(side.arm, number), {}).get((phase, side.objective.text))
        for side in relation.sides
    ]
    left, right = map(_side, relation.sides, sides)
    verdict, reason = _decide(relation, number, sides)
    return RoundResult(
        round=number,
        left=left,
        right=right,
        ratio=left.value / right.value if left.value is not None and right.value else None,
        verdict=verdict,
        reason=reason,
    )


def _side(side: Side, result: ObjectiveResult | None) -> SideResult:
    measured = result if result and result.verdict is Verdict.PASS else None
    return SideResult(
        arm=side.arm,
        value=measured.value if measured else None,
        at_least=bool(measured and measured.at_least),
    )


def _decide(
    relation: Relation, number: int, sides: list[ObjectiveResult | None]
) -> tuple[Verdict, str]:
    """Return a round's verdict; a side that is not known, for whatever reason, leaves nothing to decide."""
    spans = []
    for side, result in zip(relation.sides, sides, strict=True):
        if result is None or result.verdict is not Verdict.PASS or result.value is None:
            why = result.reason if result and result.reason else "was not measured"
            return Verdict.INVALID, f"{side.written} in {Play(side.arm, number)}: {why}"
        spans.append(known(result.value, result.at_least, result.most))
    held = relation_holds(relation, *spans)
    if held:
        return Verdict.PASS, ""
    said, bound = (
        f"{'at least ' * (span.most != span.least)}{show(span.least, relation.unit)}"
        for span in spans
    )
    asked = f"{OPERATORS[relation.operator][1]} {_times(relation.factor)}{bound}"
    if held is None:
        return Verdict.INVALID, f"whether {said} is {asked} cannot be told"
    return Verdict.FAIL, f"{said} is not {asked}"


def _times(factor: float) -> str:
    return "" if factor == 1 else f"{show(factor, '1')} times "
