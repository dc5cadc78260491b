"""Read a cluster file: who provides it, its form, then what its provider can say of it."""

from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from kubedrill.cluster.provider import built_in, provider_named, providers
from kubedrill.reading.problems import Problems
from kubedrill.reading.yaml import check, load
from kubedrill.record.catalogue import ClusterDefinition


class _Provided(BaseModel):
    """What every cluster file has."""

    model_config = ConfigDict(strict=True, extra="ignore")

    provider: str


def read(path: Path) -> ClusterDefinition:
    """Read a cluster file; BadFile with its line for whatever is wrong in it."""
    value, source = load(path, _Provided)
    problems = Problems(source)
    # Those of other distributions are looked for only where it is none of ours.
    names = built_in() if value.get("provider") in [*built_in()] else providers()
    choice: Any = Literal[tuple(names)]
    named = check(
        value, create_model("Named", __base__=_Provided, provider=(choice, ...)), problems
    )
    problems.stop()
    assert named is not None
    provider = provider_named(named.provider)
    definition = check(value, provider.definition, problems)
    problems.stop()
    for place, why in provider.wrong(definition):
        problems.add(place, why)
    problems.stop()
    return cast("ClusterDefinition", definition)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of cluster files: a union told apart by `provider`."""
    models = tuple(provider.definition for provider in providers().values())
    told_apart: Any = Annotated[Union[models], Field(discriminator="provider")]  # noqa: UP007
    schema = TypeAdapter(told_apart if models[1:] else models[0]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Cluster"}
