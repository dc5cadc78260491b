"""Faults: what there is to break, gathered from the files of this package and those of a user's `faults/`."""

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import get_args

from kubedrill import faults as families
from kubedrill.errors import NotStarted
from kubedrill.faults.fault import Fault
from kubedrill.record.catalogue import FaultDescription, Lasts, Need, OperationName
from kubedrill.words import did_you_mean, in_a_line, shown

NEEDED = ("name", "functions", "hits", "target", "blast_radius", "effect_s")
"""What each fault says of itself, and has no default."""

_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")


@cache
def faults() -> Mapping[str, type[Fault]]:
    """Return every fault of this package, by its name."""
    files = pkgutil.iter_modules(families.__path__, f"{families.__name__}.")
    names = sorted(file.name for file in files if not file.name.endswith("__main__"))
    modules = map(importlib.import_module, names)
    found = [kind for module in modules for kind in _of(module) if _is_whole(kind)]
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
        with redirect_stdout(sys.stderr):  # what it prints is not what a command was asked for
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
        return FaultFile({}, f"{path}: no fault, see docs/your-own-fault.md: {in_a_line(error)}")
    kinds = _of(module)
    if why := _flaw_of_file(kinds):
        return FaultFile({}, f"{path}: {why}; see docs/your-own-fault.md")
    return FaultFile({kind.name: kind for kind in kinds})


def _flaw_of_file(kinds: Sequence[type[Fault]]) -> str:
    """Return what is wrong with the faults of a file; or ""."""
    for kind in kinds:
        if why := next(flaws(kind), ""):
            return f"{kind.__name__}: {why}"
    names = Counter(kind.name for kind in kinds)
    if not names:
        return "has no subclass of Fault"
    twice = [name for name, times in names.items() if times > 1]
    return f"has {' and '.join(twice)} twice" if twice else ""


def flaws(kind: type[Fault]) -> Iterator[str]:
    """Yield what a fault does not say of itself, or in a way that nobody could use."""
    if inspect.isabstract(kind):
        yield f"has no {', no '.join(sorted(kind.__abstractmethods__))}"
        return
    if unsaid := [name for name in NEEDED if not hasattr(kind, name)]:
        yield f"does not say its {', '.join(unsaid)}"
        return
    if not _NAME.fullmatch(str(kind.name)):
        yield f'name: "{shown(kind.name)}" is none; words of a-z with a point between, as scheduler.kill'
    if kind.hits and kind.hits not in kind.model_fields:
        near = did_you_mean(str(kind.hits), kind.model_fields)
        yield f'hits: it has no field "{shown(kind.hits)}"{near}'
    if kind.hits and str(kind.target).count("{}") != 1:  # without it there is but one to hit
        yield f'target: "{shown(kind.target)}" needs one {{}}, for the name that the file gives'
    for name in re.findall(r"\{(.*?)\}", str(kind.blast_radius)):
        if name not in kind.model_fields:
            near = did_you_mean(name, kind.model_fields)
            yield f'blast_radius: it has no field "{shown(name)}"{near}'
    yield from _flaws_of_course(kind)


def _flaws_of_course(kind: type[Fault]) -> Iterator[str]:
    """Yield what is wrong with what a fault needs, and with how it goes on and ends."""
    for need in (*kind.needs, *kind.parameter_needs.values()):
        if not isinstance(need, Need) or need.operation not in get_args(OperationName):
            yield f'needs: {shown(need)} is none; Need("holding", "kube-scheduler") is one'
    if kind.lasts not in get_args(Lasts):
        yield f'lasts: "{shown(kind.lasts)}"{did_you_mean(str(kind.lasts), get_args(Lasts))}'
    lasting = kind.lasts == "lasting"
    for name in ("effect_s", "return_s") if lasting else ("effect_s",):
        seconds = getattr(kind, name)
        if type(seconds) not in {int, float} or not 0 < seconds < float("inf"):
            yield f"{name}: {shown(seconds)} is no time; seconds, more than 0"
    # The defaults are for what is over at once: of what lasts they would prove what nobody has looked at.
    inherited = [
        name
        for name in ("lapse", "undo", "undone")
        if lasting and getattr(kind, name) is getattr(Fault, name)
    ]
    if inherited:
        yield f"has no {', no '.join(inherited)}, and is lasting"


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


def _of(module: ModuleType) -> list[type[Fault]]:
    """Return the faults of a module, but for what its faults have in common."""
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Fault)
        and value.__module__ == module.__name__
    ]
    return [kind for kind in own if _is_whole(kind) or not _is_a_base(kind, own)]


def _is_whole(kind: type[Fault]) -> bool:
    return not inspect.isabstract(kind) and hasattr(kind, "name")


def _is_a_base(kind: type[Fault], kinds: Iterable[type[Fault]]) -> bool:
    return any(other is not kind and issubclass(other, kind) for other in kinds)


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
        effect_s=kind.effect_s,
        hits=kind.hits,
        target=kind.target,
        known_before=kind.known_before,
        of_fleet=kind.of_fleet,
        ways=tuple(need.way for need in kind.needs if need.way),
    )
