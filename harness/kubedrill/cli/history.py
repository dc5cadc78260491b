"""The commands that look at all runs: history, index."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubedrill.cli.parts import (
    PARTLY,
    Done,
    Given,
    as_json,
    console,
    example,
    print_json,
    reports_folder,
)
from kubedrill.words import shown

if TYPE_CHECKING:
    from kubedrill.history.past import PastRun

_DAYS = re.compile(r"(\d{1,5})d")


def _since(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """Read a duration until now, or a moment; without a time zone it is of this machine's."""
    from kubedrill.reading.units import UnitError, parse_duration

    if text is None:
        return None
    now = datetime.now(UTC)
    try:
        if days := _DAYS.fullmatch(text):
            return now - timedelta(days=int(days[1]))
        return now - timedelta(seconds=parse_duration(text))
    except (UnitError, OverflowError):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise click.BadParameter(
                f'"{shown(text)}" is no moment: write 30d, 12h, 2031-05-01 or 2031-05-01T18:00'
            ) from None


def _labels(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f'"{shown(text)}" is no label: write NAME=VALUE')
        found[name] = value
    return found


@click.command(epilog=example("kubedrill history --since 30d"))
@reports_folder("Where the runs are.")
@click.option("--experiment", metavar="NAME", help="Runs of this experiment, and of its arms.")
@click.option("--since", callback=_since, metavar="WHEN", help="Those since then: 30d, 2031-05-01.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=_labels,
    metavar="NAME=VALUE",
    help="Those with it.",
)
@click.option("--verify", is_flag=True, help="Hash all their files; exit 1 if some were changed.")
@as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row for each objective.")
@click.option(
    "--textfile",
    type=Given(),
    metavar="FILE.prom",
    help="Write the last run of each experiment for node_exporter, and print nothing.",
)
def history(
    reports: Path,
    experiment: str | None,
    since: datetime | None,
    labels: dict[str, str],
    *,
    verify: bool,
    as_json: bool,
    as_csv: bool,
    textfile: Path | None,
) -> int:
    """All runs below the reports folder, and which to believe.

    A verdict that is not of the evidence which stands beside it is STALE; what has none that can be read
    is UNJUDGED.
    """
    from kubedrill.history.choosing import Choice
    from kubedrill.history.reading import read_history
    from kubedrill.history.verifying import verified

    if as_json + as_csv + (textfile is not None) > 1:
        raise click.UsageError("--json, --csv and --textfile: give one of them")
    runs = Choice(experiment, since, labels).of(read_history(reports))
    whole = True
    if verify:
        looked = [verified(run, reports) for run in runs]
        runs, whole = [run for run, _ in looked], all(sound for _, sound in looked)
    code = 0 if whole else PARTLY
    if textfile is not None:
        from kubedrill.history.textfile import write_textfile

        write_textfile(textfile, runs)
        return Done(code)
    _print(runs, as_json=as_json, as_csv=as_csv)
    return code


def _print(runs: "list[PastRun]", *, as_json: bool, as_csv: bool) -> None:
    from kubedrill.history.rows import csv_text, json_rows, lines, tally

    if as_json:
        print_json(json_rows(runs))
    elif as_csv:
        click.echo(csv_text(runs), nl=False)
    else:
        terminal = console()
        for line in lines(runs) if runs else ():
            terminal.print(line, soft_wrap=True)
        click.echo(tally(runs))


@click.command(epilog=example("kubedrill index"))
@reports_folder("Where the runs are.")
def index(reports: Path) -> int:
    """Write index.html: all runs, trends, service levels.

    Once it is there, `kubedrill run` keeps it up to date.
    """
    from kubedrill.history.page import write_index

    click.echo(write_index(reports))
    return Done(0)
