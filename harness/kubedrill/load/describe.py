"""Load: what profiles say of themselves. Read in a process of its own: Locust replaces sockets.

`python -m kubedrill.load.describe` reads a list of [file, parameters to check as JSON, or ""] from stdin, and
prints a line for each: what the profile says, or why the file is not one.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import platformdirs

from kubedrill.errors import NotStarted
from kubedrill.process.asking import Said, ask
from kubedrill.process.environment import NOWHERE, environment
from kubedrill.reading.text import BadText, read_text
from kubedrill.record.catalogue import Makes, ProfileDescription, WithParameters
from kubedrill.record.files import write_json

TIMEOUT_S = 30
"""Importing Locust and a profile takes 1 to 2 s; one that takes so long hangs."""
_REASON = 200
"""Characters of what somebody else's code says that are repeated."""

Question = tuple[Path, str]
"""A profile, and the parameters to check as JSON; no text: none are checked."""


class NotAProfile(NotStarted):
    """A file of loadprofiles/ that no load can be made of."""

    def __init__(self, path: Path, reason: str) -> None:
        page = "docs/profiles/your-own.md says how to write one"
        super().__init__(f"{path}: not a load profile: {reason}; {page}")
        self.reason = reason


class ProfileDescriptions(Mapping[str, ProfileDescription]):
    """The load profiles of some files, by name. A file is looked at when its name is asked for.

    `profiles[name]` raises NotAProfile where the file is none: whoever does not name it need not know.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = {path.stem.replace("_", "-"): path for path in paths}
        self._known: dict[str, ProfileDescription | NotAProfile] = {}

    def __getitem__(self, name: str) -> ProfileDescription:
        found = self.look_at([name]).get(name)
        if found is None:
            raise KeyError(name)
        if isinstance(found, NotAProfile):
            raise found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def look_at_all(self) -> dict[str, ProfileDescription | NotAProfile]:
        """Return by name what each file is."""
        return self.look_at(self._paths)

    def look_at(self, names: Iterable[str]) -> dict[str, ProfileDescription | NotAProfile]:
        """Return by name what the file of each is of which there is one."""
        there = [name for name in names if name in self._paths]
        missing = [name for name in there if name not in self._known]
        found = describe(*(self._paths[name] for name in missing))
        self._known |= dict(zip(missing, found, strict=True))
        return {name: self._known[name] for name in there}


def describe(*paths: Path) -> list[ProfileDescription | NotAProfile]:
    """Return the profiles' descriptions, or why a file is not one.

    Cached by the content of the profiles and of this package.
    """
    answers = _answers([(path, "") for path in paths])
    return [_description(path, raw) for path, raw in zip(paths, answers, strict=True)]


def with_parameters(
    loads: Sequence[tuple[ProfileDescription, Mapping[str, Any]]],
) -> list[WithParameters]:
    """Return what no schema can say of each profile with its parameters."""
    answers = _answers(
        [(Path(profile.path), json.dumps(dict(given), sort_keys=True)) for profile, given in loads]
    )
    return [
        _with_parameters(profile.name, raw)
        for (profile, _), raw in zip(loads, answers, strict=True)
    ]


def _with_parameters(name: str, raw: Mapping[str, Any]) -> WithParameters:
    if wrong := raw.get("reason") or raw["wrong"]:
        return WithParameters(f"{name}: {wrong}", ())
    makes = raw["makes"]
    made = None if makes is None else tuple(Makes(*made) for made in makes)
    return WithParameters("", tuple(raw["series"]), made, raw["needs"])


def _description(path: Path, raw: dict[str, Any]) -> ProfileDescription | NotAProfile:
    if "reason" in raw:
        return NotAProfile(path, raw["reason"])
    return ProfileDescription(
        name=path.stem.replace("_", "-"),
        path=str(path),
        parameters=raw["parameters"],
        series=tuple(raw["series"]),
        permissions=raw["permissions"],
        doc=raw["doc"],
    )


def _answers(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Return what the profiles say, from the cache where that knows it."""
    known: dict[Question, dict[str, Any]] = {}
    caches: dict[Question, Path] = {}
    for question in dict.fromkeys(questions):
        try:
            caches[question] = _cache(*question)
        except BadText as error:
            known[question] = {"reason": str(error)}
        else:
            known[question] = _cached(caches[question])
    missing = [question for question, raw in known.items() if not raw]
    while missing:
        answers = dict(zip(missing, _ask(missing), strict=False))
        for question, answer in answers.items():
            if "reason" not in answer:  # which may be of the surroundings: a module to be installed
                _remember(caches[question], answer)
        known |= answers
        missing = missing[len(answers) :]
    return [known[question] for question in questions]


def _cached(cache: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known


def _cache(path: Path, given: str) -> Path:
    """Return where an answer is kept; BadText if the profile is no text."""
    digest = hashlib.sha256(f"{given}\0{read_text(path)}".encode())
    own = Path(__file__).parent
    # Its neighbours, too: profiles may be made of others.
    for file in (*sorted(path.parent.glob("*.py")), *sorted(own.rglob("*.py"))):
        digest.update(_content(file))
    folder = platformdirs.user_cache_path("kubedrill") / "profiles"
    return folder / f"{path.stem[:40]}-{digest.hexdigest()[:20]}.json"


def _content(file: Path) -> bytes:
    try:
        return read_text(file).encode()
    except BadText:
        return b""  # nothing that could be imported


def _ask(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Ask a process of its own; return the first answers, as far as it came: at least one."""
    said = ask(
        [sys.executable, "-m", "kubedrill.load.describe"],
        TIMEOUT_S,
        json.dumps([(str(path), given) for path, given in questions]),
        # Somebody else's code: what it does when it is imported must reach no cluster.
        environment(NOWHERE),
    )
    whole, _, _ = said.out.rpartition("\n")
    answers: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
    # Only a profile that had all the time for itself has taken too long.
    if len(answers) < len(questions) and not (answers and said.code is None):
        answers.append({"reason": _ending(said)})
    return answers


def _ending(said: Said) -> str:
    if said.code is None:
        return f"importing it takes longer than {TIMEOUT_S} s"
    last = "".join(f": {line}" for line in said.err.strip().splitlines()[-1:])
    return f"importing it ended Python (exit code {said.code}){last[:_REASON]}"


def _remember(cache: Path, answer: dict[str, Any]) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_json(cache, answer)
    except OSError:
        pass  # a cache that cannot be written only costs time


def _said(path: Path, given: str) -> dict[str, Any]:
    """Return what a profile says, in this process, or the reason why it is none."""
    from kubedrill.load.profile import load_profile
    from kubedrill.load.user.parameters import check as check_together

    try:
        module, user = load_profile(path)
        wrong, parameters = "", user.parameters()
        if given:
            try:
                parameters = check_together(json.loads(given), user.parameters)
            except ValueError as error:
                wrong = str(error)
        said = {
            "doc": (module.__doc__ or "").strip().partition("\n")[0],
            "parameters": user.parameters.model_json_schema(),
            "series": [series.name for series in user.series_for(parameters)],
            "permissions": dict(user.permissions),
            "makes": None if wrong else parameters.makes(),
            "needs": {} if wrong else user.permissions_for(parameters),
            "wrong": wrong,
        }
        json.dumps(said)
    except BaseException as error:  # noqa: BLE001 - somebody else's code, which may call sys.exit()
        return {"reason": _in_words(error)}
    return said


def _in_words(error: BaseException) -> str:
    match error:
        case SystemExit():
            return f"it ends Python when it is imported: sys.exit({error.code!r})"[:_REASON]
        case EOFError():
            return "it asks for something when it is imported, and nobody answers"
        case ValueError():
            kind = ""
        case _:
            kind = f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split())[:_REASON]


def _answers_only() -> TextIO:
    """Return what is stdout now, and let nothing else be printed there, or read from stdin."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return answers


def main() -> None:
    """Print what the profiles of stdin say of themselves."""
    questions = json.load(sys.stdin)
    answers = _answers_only()
    for path, given in questions:
        answers.write(json.dumps(_said(Path(path), given)) + "\n")
        answers.flush()
    os._exit(0)  # threads that an import has left do not keep us


if __name__ == "__main__":
    main()
