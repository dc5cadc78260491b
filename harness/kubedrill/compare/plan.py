"""Compare: what a comparison would do, before anything is started."""

from typing import TYPE_CHECKING, Any

from kubedrill.compare.arms import Comparison
from kubedrill.planning import planned
from kubedrill.record.relation import relation_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """Return the plan in plain JSON types; each arm has that of its own drill."""
    first = comparison.arms[0].experiment
    return {
        "title": first.title,
        "claim": first.claim,
        "why": first.why,
        "arms": [
            {"name": arm.name, "changes": {arm.key: arm.value}}
            | {"plan": planned(arm.experiment, arm.catalogue, comparison.file).as_dict()}
            for arm in comparison.arms
        ],
        "repeat": comparison.repeat,
        "order": [str(play) for play in comparison.plays],
        "relations": [
            {"phase": asked.phase, "text": asked.relation.text}
            | {"words": relation_words(asked.relation, asked.phase)}
            for asked in comparison.relations
        ],
        "minutes": _minutes(comparison),
    }


def render(comparison: Comparison, console: "Console") -> None:
    """Print the plan for people: what the arms have in common is in the plan of each."""
    first = comparison.arms[0].experiment
    claim = f" (claim {first.claim})" if first.claim else ""
    console.print(first.title + claim, style="bold", highlight=False, markup=False)
    console.print(f"{first.why}\n", highlight=False, markup=False)
    console.print(_arms(comparison))
    order = ", ".join(map(str, comparison.plays))
    console.print(f"\nOrder    {order}", highlight=False, markup=False)
    console.print("\nObjectives that relate the variants, in every round", style="bold")
    for asked in comparison.relations:
        words = relation_words(asked.relation, asked.phase)
        console.print(f"  {asked.relation.text}\n    {words}", highlight=False, markup=False)
    minutes = f"{_minutes(comparison):g} minutes of phases in {len(comparison.plays)} drills"
    console.print(f"\n{minutes}; nothing has been started.", highlight=False, markup=False)
    each = f"Each in full: kubedrill plan {comparison.file} --variant {comparison.arms[0].name}"
    console.print(each, highlight=False, markup=False, soft_wrap=True)


def _arms(comparison: Comparison) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Variants", title_justify="left")
    for column in ("variant", comparison.arms[0].key, "cluster", "may hit", "minutes"):
        table.add_column(Text(column), overflow="fold")
    for arm in comparison.arms:
        drill = planned(arm.experiment, arm.catalogue, comparison.file)
        hits = ", ".join(drill.targets) or "nothing"
        row = (arm.name, arm.written, drill.cluster, hits, f"{drill.minutes:g}")
        table.add_row(*map(Text, row))
    return table


def _minutes(comparison: Comparison) -> float:
    """Return the length of all phases of all runs."""
    seconds = sum(arm.experiment.seconds for arm in comparison.arms) * comparison.repeat
    return round(seconds / 60, 1)
