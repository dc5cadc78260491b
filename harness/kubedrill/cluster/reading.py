"""Read a cluster file: who provides it, its form, then what its provider can say of it."""

from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from kubedrill.cluster.provider import built_in, provider_named, providers
from kubedrill.reading.problems import Problems
from kubedrill.reading.yaml import check, load
from kubedrill.record.catalogue import ClusterDefinition
from kubedrill.record.limits import Limits, LimitsPart
from kubedrill.record.notice import NotifyPart


class _Provided(BaseModel):
    """What every cluster file has."""

    model_config = ConfigDict(strict=True, extra="ignore")

    provider: str


def read(path: Path) -> tuple[ClusterDefinition, Limits]:
    """Read a cluster file, and where its limits stand; BadFile with its line for whatever is wrong in it."""
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
    definition = check(value, _guarded(provider.definition), problems)
    problems.stop()
    assert definition is not None
    for place, why in provider.wrong(definition):
        problems.add(place, why)
    problems.stop()
    lines = {
        str(place[1]): found.line
        for place, found in source.places.items()
        if place[:1] == ("limits",) and len(place) == 2 and found.line
    }
    guarded = cast("ClusterDefinition", definition)
    return guarded, Limits(guarded.limits, str(path), lines)


def _guarded(definition: type[BaseModel]) -> type[BaseModel]:
    """Return a provider's model with what every cluster file may say besides."""
    keys: Any = {"limits": (LimitsPart, LimitsPart()), "notify": (NotifyPart | None, None)}
    return create_model(
        definition.__name__, __base__=definition, __doc__=definition.__doc__, **keys
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of cluster files: a union told apart by `provider`."""
    models = tuple(_guarded(provider.definition) for provider in providers().values())
    told_apart: Any = Annotated[Union[models], Field(discriminator="provider")]  # noqa: UP007
    schema = TypeAdapter(told_apart if models[1:] else models[0]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Cluster"}
