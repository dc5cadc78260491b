"""Who provides clusters: what a provider must be able to do, and those that there are.

A provider is a package with a `PROVIDER`: one beside this file, or one of another distribution that names
it as an entry point of the group `kubedrill.providers`, under the provider's name:

    [project.entry-points."kubedrill.providers"]
    mine = "my_package:PROVIDER"
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, get_args

from pydantic import BaseModel

from kubedrill.cluster.handle import FlagValue, Handle, HandleError
from kubedrill.errors import NotStarted
from kubedrill.reading.problems import Location
from kubedrill.record.catalogue import ClusterDescription, Need
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.lines import BadEvidence
from kubedrill.record.rights import Right
from kubedrill.words import did_you_mean, in_a_line, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "kubedrill.providers"
_HERE = Path(__file__).parent


Model = TypeVar("Model", bound=BaseModel)


class AdministratorAnswer(Protocol):
    """What the API said."""

    @property
    def status(self) -> int:
        """Its status."""
        ...

    @property
    def body(self) -> bytes:
        """Its body."""
        ...


class Administrator(Protocol):
    """Who may give rights to others in a cluster."""

    def call(self, method: str, path: str, content: object = None) -> AdministratorAnswer:
        """Return what the API answers, whatever that is; WireError or NotStarted if it does not."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...


class Provider(Protocol[Model]):
    """One way to have a cluster; `folder` is the cluster's own, in the state folder, with its name."""

    @property
    def name(self) -> str:
        """What a cluster file calls it, as `provider`."""
        ...

    @property
    def engine(self) -> bool:
        """Whether its nodes are containers: then a drill's processes may know of the container engine."""
        ...

    @property
    def definition(self) -> type[Model]:
        """What a cluster file may say: strict, with `provider` among its fields, other keys forbidden."""
        ...

    def wrong(self, definition: Model) -> Iterable[tuple[Location, str]]:
        """Yield where a definition is wrong, and why, as far as its form alone does not say."""
        ...

    def wrong_flags(
        self, kind: str, flags: Mapping[str, FlagValue | None]
    ) -> Iterable[tuple[str, str]]:
        """Yield the name of each flag that a kind of component cannot be given, and why.

        Only asked where flags can be changed at all. None takes a flag away.
        """
        ...

    def capabilities(self, definition: Model) -> ClusterDescription:
        """Return what a cluster of this definition will have, and what may be done to it."""
        ...

    def check(self, definition: Model, folder: Path) -> None:
        """Raise NotStarted if the cluster surely cannot come up."""
        ...

    def may_not(self, definition: Model, rights: Iterable[Right]) -> Sequence[Right]:
        """Return which of these rights nobody of ours could have there; none where all is ours.

        NotStarted where nobody answers.
        """
        ...

    def not_ready(self, definition: Model, needs: Iterable[Need]) -> str:
        """Return why what a drill needs surely cannot be done just now, before anything is started; or ""."""
        ...

    def up(self, definition: Model, folder: Path) -> ClusterRecord:
        """Bring the cluster up; return its record once all of it is ready, NotStarted if it does not come.

        The folder is there. What was made until it failed is taken away by a call of `down`.
        """
        ...

    def take_over(self, definition: Model, folder: Path) -> ClusterRecord | None:
        """Return the record of a cluster in which another machine has left something; None if none has.

        The folder is there, with nothing in it. NotStarted while that drill runs.
        """
        ...

    def find(self, folder: Path) -> ClusterRecord | None:
        """Return the record of the cluster if it was brought up, and not taken down; else None.

        MissingEvidence and BadEvidence if its record cannot be read.
        """
        ...

    def down(self, folder: Path) -> None:
        """End all that runs of the cluster, whatever is left of it; the folder is removed afterwards."""
        ...

    def administrator(self, record: ClusterRecord) -> Administrator:
        """Return who may give rights to others there; NotStarted if nobody can be asked."""
        ...

    def handle(self, record: ClusterRecord, owner: str) -> Handle:
        """Return what may be done to a cluster that is up, for an owner or nobody (""), and how it is."""
        ...


def handle_of(record: ClusterRecord, owner: str = "") -> Handle:
    """Return what may be done to a cluster, and how it is; NotStarted if nobody provides such clusters.

    `owner` is on whose behalf: a fault, by the ledger's id of it.
    """
    return provider_named(record.provider).handle(record, owner)


def administrator(record: ClusterRecord) -> Administrator:
    """Return who may give rights to others in a cluster; NotStarted if nobody can be asked."""
    return provider_named(record.provider).administrator(record)


def provider_named(name: str) -> Provider[Any]:
    """Return the provider of that name; NotStarted if there is none."""
    if name in built_in():
        return built_in()[name]
    known = providers()
    if name not in known:
        raise NotStarted(f'no provider "{shown(name)}"{did_you_mean(name, known)}')
    return known[name]


@cache
def providers() -> Mapping[str, Provider[Any]]:
    """Return every provider by its name; NotStarted if one of another distribution is none."""
    from importlib.metadata import entry_points

    known = dict(built_in())
    for point in entry_points(group=GROUP):
        if point.name in known:
            raise NotStarted(f"{point.value}: there is a provider {point.name} already")
        known[point.name] = _loaded(point)
    return known


@cache
def built_in() -> Mapping[str, Provider[Any]]:
    """Return the providers beside this file."""
    found = [module.name for module in pkgutil.iter_modules([str(_HERE)]) if module.ispkg]
    modules = [importlib.import_module(f"{__package__}.{name}") for name in sorted(found)]
    return {module.PROVIDER.name: module.PROVIDER for module in modules}


_TOLD = (NotStarted, BadEvidence, HandleError)
"""Errors that are words already."""


@contextmanager
def asked(name: str) -> Iterator[None]:
    """Put into words (NotStarted) what a provider of another distribution raises in this block."""
    try:
        yield
    except Exception as error:
        if name in built_in() or isinstance(error, _TOLD):
            raise
        raise NotStarted(f"provider {shown(name)}: {in_a_line(error)}") from error


def _loaded(point: "EntryPoint") -> Provider[Any]:
    try:
        provider: Provider[Any] = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
        raise NotStarted(
            f"{point.value}: cannot be imported as a provider of clusters: {in_a_line(error)}"
        ) from None
    if why := _flaw(provider, point.name):
        raise NotStarted(
            f"{point.value}: no provider of clusters, see docs/your-own-provider.md: {why}"
        )
    return provider


def _flaw(provider: Any, name: str) -> str:
    """Return what is wrong with what an entry point of that name leads to; or ""."""
    if isinstance(provider, type):
        return "it is a class, and must be an object of it"
    parts = [part for part in vars(Provider) if not part.startswith("_")]
    if lacking := [part for part in parts if not hasattr(provider, part)]:
        return f"it has no {', no '.join(lacking)}"
    if provider.name != name:
        return f"its name is {shown(provider.name)}, and its entry point's {shown(name)}"
    model = provider.definition
    fields = model.model_fields if _is_model(model) else {}
    if "provider" not in fields or get_args(fields["provider"].annotation) != (name,):
        return f'its definition must be a model with the field provider: Literal["{shown(name)}"]'
    return ""


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
