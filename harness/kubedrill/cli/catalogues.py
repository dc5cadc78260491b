"""The commands that show catalogues: list, faults, profiles, schema."""

import click

from kubedrill.cli.parts import as_json, example, print_json, print_rows


@click.command("list", epilog=example("kubedrill list"))
@as_json
def list_experiments(as_json: bool) -> None:
    """The experiments at hand, with what each proves."""
    from kubedrill.catalogue import experiments
    from kubedrill.compare.arms import with_arms

    rows = [with_arms(row) for row in experiments()]
    print_rows(rows, as_json, left_out=("file", "wrong"))


@click.command(epilog=example("kubedrill faults --cluster local-3az"))
@click.option(
    "--cluster",
    metavar="NAME",
    help="Say of each whether clusters/NAME.yaml can take it, or why not.",
)
@as_json
def faults(cluster: str | None, as_json: bool) -> None:
    """The faults, their arguments, and what each needs of a cluster."""
    from kubedrill.catalogue import fault_rows

    print_rows(fault_rows(cluster), as_json, left_out=("wrong",))


@click.command(epilog=example("kubedrill profiles mass-list"))
@click.argument("name", required=False)
@as_json
def profiles(name: str | None, as_json: bool) -> None:
    """The load profiles, or parameters and rights of one of them."""
    from kubedrill import catalogue

    if name is None:
        print_rows(catalogue.profile_rows(), as_json, left_out=("wrong",))
        return
    profile = catalogue.profile(name)
    print_rows(catalogue.parameter_rows(profile), as_json)
    if not as_json:
        click.echo(f"RBAC must allow: {catalogue.permissions(profile)}")


@click.command(epilog=example("kubedrill schema experiment > experiment.schema.json"))
@click.argument(
    "what",
    type=click.Choice(["cluster", "experiment", "suite", "verdict", "comparison", "regression"]),
)
def schema(what: str) -> None:
    """Print the JSON Schema of files that you write, or of verdicts."""
    from pydantic import BaseModel

    from kubedrill import cluster
    from kubedrill.catalogue import experiment_schema
    from kubedrill.compare.verdict import ComparisonReport
    from kubedrill.record.verdict import Report
    from kubedrill.regression.verdict import RegressionReport
    from kubedrill.suite.read import json_schema as suite_schema

    if what == "cluster":
        print_json(cluster.json_schema())
    elif what == "experiment":
        print_json(experiment_schema())
    elif what == "suite":
        print_json(suite_schema())
    else:
        made: dict[str, type[BaseModel]] = {
            "verdict": Report,
            "comparison": ComparisonReport,
            "regression": RegressionReport,
        }
        print_json(made[what].model_json_schema())
