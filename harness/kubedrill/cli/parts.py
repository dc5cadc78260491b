"""What the commands share: how they are found, what they print."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from kubedrill.errors import CutShort
from kubedrill.words import did_you_mean, shown

Command = TypeVar("Command", bound=Callable[..., Any])


class Commands(click.Group):
    """A group whose errors name the nearest command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; UsageError if there is none."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            near = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f'unknown command "{shown(args[0])}"{near}')
        return super().resolve_command(ctx, args)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class Given(click.Path):
    """A path that says something; "" is none, which a shell makes of a variable that is not set."""

    def __init__(self, *, file_okay: bool = True) -> None:
        super().__init__(path_type=Path, file_okay=file_okay)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; BadParameter if there is none."""
        if value == "":
            self.fail("is empty; is a variable of the shell not set?", param, ctx)
        return super().convert(value, param, ctx)


def reports_folder(help_text: str) -> Callable[[Command], Command]:
    """Return the option that says where run folders stand."""
    return click.option(
        "--reports",
        type=Given(file_okay=False),
        default=Path("reports"),
        show_default=True,
        help=help_text,
    )


PARTLY = 1
"""Of commands that give no verdict: something is left to do. Of the others it is FAIL."""
INVALID = 2
NOT_STARTED = 3


class Done(int):
    """The exit code of a command that has done something besides printing: it stands, whoever reads."""


def example(line: str) -> str:
    """Return what a command's help ends with."""
    return f"Example: {line}"


@contextmanager
def if_interrupted(words: str) -> Iterator[None]:
    """Say `words` (CutShort, exit code 1) where Ctrl-C ends what is done in this block."""
    try:
        yield
    except KeyboardInterrupt:
        raise CutShort(f"interrupted: {words}") from None


def console() -> Any:
    """Return the terminal; where stdout is none, it prints plain lines of 100 columns."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 100
    return Console(width=width, highlight=False, markup=False, emoji=False)


def json_text(value: Any) -> str:
    """Return a value as JSON, as it is printed."""
    return json.dumps(value, indent=1) + "\n"


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json_text(value), nl=False)


def print_rows(rows: list[dict[str, Any]], as_json: bool, left_out: Collection[str] = ()) -> None:
    """Print rows as JSON, or as a table without the columns `left_out`."""
    if as_json:
        print_json(rows)
        return
    from rich.table import Table
    from rich.text import Text

    shown = [name for name in rows[0] if name not in left_out] if rows else ["none"]
    table = Table(*shown)
    table.columns[0].no_wrap = True
    for row in rows:
        cells = ("" if row[name] is None else str(row[name]) for name in shown)
        table.add_row(*map(Text, cells))  # no markup: people wrote it
    console().print(table)


def who() -> str:
    """Return who asks: the user of this process, and who became that by sudo."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    before = os.environ.get("SUDO_USER")
    return f"{before} (as {name})" if before and before != name else name
