"""`make bench`: measure side by side, print ratios. `python -m benchmarks client` runs one of them."""

from collections.abc import Callable

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import (
    apiserver,
    client,
    cluster_up,
    history,
    lists,
    memory,
    percentiles,
    processes,
    seeding,
    watches,
)
from benchmarks.table import Rows
from kubedrill.signals import Interrupted, Signals

BENCHMARKS: dict[str, tuple[Callable[[Rows], None], int]] = {
    "client": (client.client, client.ROUNDS),
    "lists": (lists.lists, lists.ROUNDS),
    "memory": (memory.memory, memory.ROUNDS),
    "processes": (processes.processes, processes.ROUNDS),
    "apiserver": (apiserver.apiserver, apiserver.ROUNDS),
    "watches": (watches.watches, watches.ROUNDS),
    "percentiles": (percentiles.percentiles, percentiles.PASSES),
    "history": (history.history, history.ROUNDS),
    "seeding": (seeding.seeding, seeding.ROUNDS),
    "cluster-up": (cluster_up.cluster_up, cluster_up.ROUNDS),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*BENCHMARKS]))
def main(names: tuple[str, ...]) -> None:
    """Run the benchmarks of these names, or all."""
    signals = Signals()
    signals.install()
    try:
        with signals.may_interrupt():
            _measure(names or tuple(BENCHMARKS))
    except Interrupted as signal:
        raise click.ClickException(f"ended by {signal}: no figures, and nothing is left") from None


def _measure(names: tuple[str, ...]) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), transient=True) as progress:
        rows = Rows(progress.console, lambda: None)
        for name in names:
            measure, rounds = BENCHMARKS[name]
            task = progress.add_task(name, total=rounds)
            rows.progress = lambda task=task: progress.advance(task)  # type: ignore[misc]
            measure(rows)
    rows.show()


if __name__ == "__main__":
    main()
