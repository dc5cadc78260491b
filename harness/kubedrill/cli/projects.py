"""The commands that begin something: init, new, completion."""

from pathlib import Path

import click

from kubedrill.cli.parts import Done, Given, example


@click.command(epilog=example("kubedrill init drills"))
@click.argument("folder", type=Given(file_okay=False))
def init(folder: Path) -> int:
    """Copy what comes with the package into a folder, to be edited.

    Experiments, load profiles and clusters. Again after an update: what you have not changed is replaced,
    what you have stays, and what has changed on both sides comes beside it as FILE.new.
    """
    from kubedrill.catalogue import experiment_schema
    from kubedrill.cli.parts import json_text
    from kubedrill.project import copy_shipped

    copied = copy_shipped(folder, {"docs/experiment.schema.json": json_text(experiment_schema())})
    came = f"updated from {copied.version}" if copied.version else "copied"
    click.echo(f"{folder}: {came}: {len(copied.written)} files written")
    for what, paths in (
        ("kept as you have changed it", copied.kept),
        ("stays away as you have removed it", copied.removed),
        ("has changed on both sides: see it beside, as .new", copied.beside),
    ):
        for path in paths:
            click.echo(f"  {path}: {what}")
    click.echo(f"next: cd {folder} && kubedrill run etcd-member-kill")
    return Done(0)


@click.command(epilog=example("kubedrill new experiment my-first"))
@click.argument("what", type=click.Choice(["experiment", "profile", "fault", "cluster", "suite"]))
@click.argument("name")
def new(what: str, name: str) -> int:
    """Begin a file here that is sound as it is, with comments."""
    from kubedrill.project import begin

    file = begin(what, name, Path())
    click.echo(f"{file}: edit it; {_NEXT[what].format(file=file, name=name)}")
    return Done(0)


_NEXT = {
    "experiment": "kubedrill validate {file}",
    "profile": "kubedrill profiles {name}",
    "fault": "kubedrill faults",
    "cluster": "kubedrill validate {file}",
    "suite": "kubedrill validate {file}",
}


@click.command(epilog=example('eval "$(kubedrill completion bash)"'))
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what lets a shell complete these commands."""
    from click.shell_completion import get_completion_class

    from kubedrill.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "kubedrill", "_KUBEDRILL_COMPLETE").source())
