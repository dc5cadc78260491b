"""Faults: what there is to break, gathered from the files of this package and those of a user's `faults/`."""

import importlib
import importlib.util
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


@dataclass(frozen=True, slots=True)
class FaultFile:
    """A file of a user's `faults/`."""

    kinds: Mapping[str, type[Fault]]
    wrong: str = ""
    """What is wrong with it, in words: then it has none."""


@cache
def of_file(path: Path) -> FaultFile:
    """Return what is in a file of a user's."""
    spec = importlib.util.spec_from_file_location(f"kubedrill_fault_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
        return FaultFile({}, f"{path}: no fault, see docs/your-own-fault.md: {in_a_line(error)}")
    found = {kind.name: kind for kind in _of(module)}
    none = "" if found else f"{path}: has no subclass of Fault, see docs/your-own-fault.md"
    return FaultFile(found, none)


def kind_of(name: str, file: str = "") -> type[Fault]:
    """Return the fault of that name, of this package or of a user's file; NotStarted if there is none."""
    own = of_file(Path(file)) if file else FaultFile(faults())
    if own.wrong:
        raise NotStarted(own.wrong)
    if name not in own.kinds:
        raise NotStarted(f"{file or 'kubedrill'} has no fault {name}")
    return own.kinds[name]


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
    wrong: list[str] = []
    for file in files:
        own = of_file(file)
        wrong += [own.wrong] if own.wrong else []
        wrong += [f"{file}: there is a fault {name} already" for name in own.kinds if name in known]
        new = {name: kind for name, kind in own.kinds.items() if name not in known}
        known |= new
        described += [_description(kind, str(file)) for kind in new.values()]
    return Gathered(known, tuple(described), tuple(wrong))


def _of(module: ModuleType) -> Iterator[type[Fault]]:
    kinds = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fault)
    )
    return (kind for kind in kinds if kind.__module__ == module.__name__ and hasattr(kind, "name"))


def _description(kind: type[Fault], file: str = "") -> FaultDescription:
    return FaultDescription(
        name=kind.name,
        module=kind.__module__,
        inject=kind.functions[0],
        undo=kind.functions[1],
        file=file,
        parameters=kind.model_json_schema(),
        needs=tuple(map(str, kind.needs)),
        doc=(kind.__doc__ or "").partition("\n")[0],
        blast_radius=kind.blast_radius,
        lasts=kind.lasts,
        hits=kind.hits,
        target=kind.target,
    )
