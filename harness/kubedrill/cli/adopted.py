"""The commands for clusters that somebody else runs: adopt, inspect, rbac."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubedrill.cli.parts import Done, Given, as_json, example, print_json, print_rows
from kubedrill.errors import NotStarted

if TYPE_CHECKING:
    from kubedrill.cluster.adopted.adopting import ClusterLook
    from kubedrill.record.prometheus import PrometheusTold


@click.command("adopt", epilog=example("kubedrill cluster adopt staging --context staging-admin"))
@click.argument("name")
@click.option("--context", required=True, help="The context of the kubeconfig.")
@click.option(
    "--kubeconfig",
    type=Given(),
    help="The kubeconfig's file; as kubectl finds it, if not given.",
)
@click.option(
    "--prometheus",
    metavar="URL",
    help="A Prometheus that scrapes it: who is asked for metrics that cannot be read there.",
)
def adopt(name: str, context: str, kubeconfig: Path | None, prometheus: str | None) -> int:
    """Look at a cluster of yours; write clusters/NAME.yaml."""
    from kubedrill import places
    from kubedrill.cluster.adopted import adopting
    from kubedrill.cluster.state import cluster_folder

    cluster_folder(name)  # says if that is no name
    path = places.folder("clusters") / f"{name}.yaml"
    if path.exists():
        raise NotStarted(f"{path} is there already; remove it first, or give another name")
    file = str(kubeconfig.absolute()) if kubeconfig else ""
    look = adopting.look_at(file, context)
    told = adopting.look_at_prometheus(prometheus) if prometheus else None
    _show(look)
    if told:
        _show_told(told)
    click.echo(
        "\nDrills will press this cluster, and break things in it. Nothing has been changed yet."
    )
    if click.prompt(f"To adopt it, type {context}", prompt_suffix=": ") != context:
        raise NotStarted("that is another name: nothing was adopted")
    path.write_text(adopting.file_of(look, file, told), encoding="utf-8")
    click.echo(f"{path} is written; see what can be done there: kubedrill cluster inspect {name}")
    return Done(0)


@click.command("inspect", epilog=example("kubedrill cluster inspect staging"))
@click.argument("name")
@as_json
def inspect(name: str, as_json: bool) -> None:
    """Show what an adopted cluster is, and can take."""
    from kubedrill import inspecting
    from kubedrill.cluster.adopted import adopting

    definition, described = inspecting.adopted(name)
    look = adopting.look_again(definition)
    source = definition.prometheus
    told = adopting.told_by(source, "metrics.prometheus") if source else None
    rows, operated = inspecting.rows(name), inspecting.operated(described)
    if as_json:
        scraped = {"prometheus": [*map(dict, told.targets)]} if told else {}
        found = {"components": operated, "can be played": rows}
        print_json({**asdict(look), **scraped, **found})
        return
    _show(look)
    if told:
        _show_told(told)
    for component, ways in operated.items():
        click.echo(f"{'component':12} {component}: {', '.join(ways)}")
    print_rows(rows, as_json=False)


@click.command("rbac", epilog=example("kubedrill cluster rbac list-modes"))
@click.argument("experiments", nargs=-1, required=True, type=Given())
def rbac(experiments: tuple[Path, ...]) -> None:
    """Print the least ClusterRole for experiments."""
    from kubedrill import inspecting, places

    click.echo(inspecting.role(map(places.experiment_file, experiments)), nl=False)


def _show_told(told: "PrometheusTold") -> None:
    """Show whom a Prometheus scrapes."""
    for target in told.targets:
        instance = target.labels["instance"]
        click.echo(f"{'prometheus':12} {target.kind} {instance}, every {target.every_s:g} s")


def _show(look: "ClusterLook") -> None:
    zones = ", ".join(f"{count} in {zone or 'no zone'}" for zone, count in look.nodes.items())
    before = "a load balancer before them" if look.balanced else "none before them that is known of"
    lines = {
        "server": f"{look.server} (context {look.context})",
        "version": f"{look.version}, kubelets {', '.join(look.kubelets) or 'not seen'}",
        "you are": look.who,
        "authority": look.authority,
        "kube-system": f"UID {look.system_uid}",
        "nodes": zones or "none seen",
        "apiservers": f"{', '.join(look.apiservers) or 'not seen'}; {before}",
        "flags": f"{len(look.flags)} told by /flagz" if look.flags else "not told by /flagz",
    }
    for name, said in lines.items():
        click.echo(f"{name:12} {said}")
    for why in look.unseen:
        click.echo(f"{'not seen':12} {why}")
