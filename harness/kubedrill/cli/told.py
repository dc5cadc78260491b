"""What `run` and `suite` share: what their runs are of, and who is told what came of them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubedrill.words import why_not

if TYPE_CHECKING:
    from kubedrill.record.webhook import WebhookPart

labels = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="What the run is of, release=2.4, by which `kubedrill compare` finds it.",
)


def _webhook(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> "list[WebhookPart]":
    from kubedrill.record.webhook import read_webhook

    try:
        return [read_webhook(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


notify = click.option(
    "--notify",
    "hooks",
    multiple=True,
    callback=_webhook,
    metavar="NAME",
    help="Tell the webhook whose address the variable NAME holds; NAME:slack:fail,invalid.",
)


def keep_index(reports: Path) -> None:
    """Write the page about all runs anew, where somebody has made it; its failure is no verdict's."""
    from kubedrill.history.page import index_file, write_index

    if index_file(reports).is_file() and (why := why_not(partial(write_index, reports))):
        click.echo(f"{index_file(reports)}: not written: {why}", err=True)
