"""Read a cluster file: who provides it, its form, then what its provider can say of it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from kubedrill.cluster.provider import asked, built_in, provider_named, providers
from kubedrill.reading.problems import Location, Objections, Problems, Source
from kubedrill.reading.yaml import check, load
from kubedrill.record.catalogue import ClusterDefinition, Flaw
from kubedrill.record.limits import Limits, LimitsPart
from kubedrill.record.notice import NotifyPart


class _Provided(BaseModel):
    """What every cluster file has."""

    model_config = ConfigDict(strict=True, extra="ignore")

    provider: str


_FILES_OWN = ("limits", "notify", "components")
"""What guards a cluster against whoever changes it, and which commands are run for it: in its file alone."""


@dataclass(frozen=True, slots=True)
class _Flaws:
    """Collects what is wrong with a definition that stands in no file."""

    found: list[Flaw] = field(default_factory=list)

    def add(self, location: Location, message: str) -> None:
        self.found.append(Flaw(location, message))


def read(
    path: Path, changes: Mapping[str, Any]
) -> tuple[ClusterDefinition | None, Limits, list[Flaw]]:
    """Read a cluster file, and change it; None, and what is wrong with the changes, if they do not fit.

    Its limits are the file's, with the lines where they stand. BadFile with its line for whatever is wrong
    in the file itself.
    """
    value, source = load(path, _Provided)
    problems = Problems(source)
    definition = _checked(value, problems)
    problems.stop()
    assert definition is not None
    limits = _limits(path, definition, source)
    if not changes:
        return definition, limits, []
    flaws = _Flaws()
    for key in _FILES_OWN:
        if key in changes:
            flaws.add((key,), f"{key} can be changed in {path} only")
    changed = _checked(_changed(value, changes), flaws)
    return None if flaws.found else changed, limits, flaws.found


def _changed(value: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with the changes in it: mappings key by key, all else as a whole; None goes."""
    known = value if isinstance(value, dict) else {}
    changed = {key: _part(known.get(key), change) for key, change in changes.items()}
    return {key: part for key, part in {**known, **changed}.items() if part is not None}


def _part(known: Any, change: Any) -> Any:
    """Return what a key has then; None if it had nothing, and the change only takes away."""
    if not isinstance(change, Mapping):
        return change
    part = _changed(known, change)
    return None if known is None and not part else part


def _checked(value: Any, told: Objections) -> ClusterDefinition | None:
    """Return what a file's value defines; None, and what is wrong is told, if it defines no cluster."""
    # Those of other distributions are looked for only where it is none of ours.
    names = built_in() if value.get("provider") in [*built_in()] else providers()
    choice: Any = Literal[tuple(names)]
    named = check(value, create_model("Named", __base__=_Provided, provider=(choice, ...)), told)
    if named is None:
        return None
    provider = provider_named(named.provider)
    definition = check(value, guarded(provider.definition), told)
    if definition is None:
        return None
    with asked(named.provider):
        wrong = [*provider.wrong(definition)]
    for place, why in wrong:
        told.add(place, why)
    return None if wrong else cast("ClusterDefinition", definition)


def _limits(path: Path, definition: ClusterDefinition, source: Source) -> Limits:
    """Return a file's limits, with the line of each."""
    lines = {
        str(place[1]): found.line
        for place, found in source.places.items()
        if place[:1] == ("limits",) and len(place) == 2 and found.line
    }
    return Limits(allowed_by(definition), str(path), lines)


def allowed_by(definition: ClusterDefinition) -> LimitsPart:
    """Return what a file allows: what it says, and else what its provider does, if that says anything."""
    usual: LimitsPart = getattr(definition, "unless_said", LimitsPart())
    unsaid = usual.model_fields_set - definition.limits.model_fields_set
    return definition.limits.model_copy(update={key: getattr(usual, key) for key in unsaid})


def guarded(definition: type[BaseModel]) -> type[BaseModel]:
    """Return a provider's model with what every cluster file may say besides."""
    return _made(cast("Hashable", definition))


@cache  # definitions of the same values are equal only if they are of the same model
def _made(definition: Any) -> type[BaseModel]:
    keys: Any = {"limits": (LimitsPart, LimitsPart()), "notify": (NotifyPart | None, None)}
    guarded: type[BaseModel] = create_model(
        definition.__name__, __base__=definition, __doc__=definition.__doc__, **keys
    )
    return guarded


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of cluster files: a union told apart by `provider`."""
    models = tuple(guarded(provider.definition) for provider in providers().values())
    told_apart: Any = Annotated[Union[models], Field(discriminator="provider")]  # noqa: UP007
    schema = TypeAdapter(told_apart if models[1:] else models[0]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Cluster"}
