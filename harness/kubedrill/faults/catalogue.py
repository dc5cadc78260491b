"""Faults: what there is to break, gathered from the files of this package and those of a user's `faults/`."""

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from kubedrill import faults as families
from kubedrill.errors import NotStarted
from kubedrill.faults.fault import Fault
from kubedrill.record.catalogue import FaultDescription
from kubedrill.words import in_a_line


@cache
def faults() -> Mapping[str, type[Fault]]:
    """Return every fault of this package, by its name."""
    modules = pkgutil.iter_modules(families.__path__, f"{families.__name__}.")
    names = sorted(module.name for module in modules if not module.name.endswith("__main__"))
    found = [kind for name in names for kind in _of(importlib.import_module(name))]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)}


@cache
def of_file(path: Path) -> Mapping[str, type[Fault]]:
    """Return the faults of a file of a user's; NotStarted if it is none, or has none."""
    spec = importlib.util.spec_from_file_location(f"kubedrill_fault_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
        raise NotStarted(
            f"{path}: no fault, see docs/your-own-fault.md: {in_a_line(error)}"
        ) from None
    found = {kind.name: kind for kind in _of(module)}
    if not found:
        raise NotStarted(f"{path}: has no subclass of Fault, see docs/your-own-fault.md")
    return found


def kind_of(name: str, file: str = "") -> type[Fault]:
    """Return the fault of that name, of this package or of a user's file; NotStarted if there is none."""
    known = of_file(Path(file)) if file else faults()
    if name not in known:
        raise NotStarted(f"{file or 'kubedrill'} has no fault {name}")
    return known[name]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What there is to break."""

    kinds: Mapping[str, type[Fault]]
    descriptions: tuple[FaultDescription, ...]
    """What an experiment must know of each."""
    wrong: tuple[str, ...]
    """What is wrong with a file of a user's, in words; its faults are not there."""


def gather(files: Iterable[Path] = ()) -> Gathered:
    """Return the faults of this package and of a user's files; those must not have another's name."""
    known = dict(faults())
    described = [_description(kind) for kind in known.values()]
    wrong = []
    for file in files:
        try:
            own = of_file(file)
        except NotStarted as error:
            wrong.append(str(error))
            continue
        wrong += [f"{file}: there is a fault {name} already" for name in own if name in known]
        new = {name: kind for name, kind in own.items() if name not in known}
        known |= new
        described += [_description(kind, str(file)) for kind in new.values()]
    return Gathered(known, tuple(described), tuple(wrong))


def _of(module: ModuleType) -> Iterator[type[Fault]]:
    kinds = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fault)
    )
    return (
        kind
        for kind in kinds
        if kind.__module__ == module.__name__ and not inspect.isabstract(kind)
    )


def _description(kind: type[Fault], file: str = "") -> FaultDescription:
    return FaultDescription(
        name=kind.name,
        module=kind.__module__,
        inject=kind.functions[0],
        undo=kind.functions[1],
        file=file,
        parameters=kind.model_json_schema(),
        capability=kind.needs,
        doc=(kind.__doc__ or "").partition("\n")[0],
        blast_radius=kind.blast_radius,
        lasts=kind.lasts,
        hits=kind.hits,
        target=kind.target,
    )
