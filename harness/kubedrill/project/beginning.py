"""Begin a file anew: a skeleton that is sound, with what may be said in it as comments."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from kubedrill.errors import NotStarted
from kubedrill.record.files import write_whole
from kubedrill.words import shown

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FAULT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What can be begun."""

    folder: str
    skeleton: str
    pattern: re.Pattern[str] = _NAME
    example: str = "my-first"


KINDS = {
    "experiment": Skeleton("experiments", "experiment.yaml.tmpl"),
    "profile": Skeleton("loadprofiles", "profile.py.tmpl"),
    "fault": Skeleton("faults", "fault.py.tmpl", _FAULT, "scheduler.freeze"),
    "cluster": Skeleton("clusters", "cluster.yaml.tmpl"),
    "suite": Skeleton("suites", "suite.yaml.tmpl"),
}


def begin(what: str, name: str, top: Path) -> Path:
    """Write a file of a kind in its folder below `top`, and return it; NotStarted if that cannot be."""
    kind = KINDS[what]
    if not kind.pattern.fullmatch(name):
        raise NotStarted(f'"{shown(name)}" is no name of a new {what}; write {kind.example}')
    file = top / kind.folder / _file(what, name)
    if file.exists():
        raise NotStarted(f"{file} is there already; name another, or edit it")
    text = Template((files(__package__) / "skeletons" / kind.skeleton).read_text("utf-8"))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.substitute(name=name, title=_title(name), camel=_camel(name)))
    except OSError as error:
        raise NotStarted(f"{file}: {error.strerror}") from None
    return file


def _file(what: str, name: str) -> str:
    if what == "fault":
        return f"{name.replace('-', '_').replace('.', '_')}.py"
    return f"{name.replace('-', '_')}.py" if what == "profile" else f"{name}.yaml"


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[-._]", name))
