"""Load: what a profile says of itself. Read in a process of its own: Locust replaces sockets.

python -m kubedrill.load.describe loadprofiles/mass_list.py "" loadprofiles/mixed.py ""
python -m kubedrill.load.describe loadprofiles/mass_list.py '{"resource": "pods"}'    also checks
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from kubedrill.errors import NotStarted
from kubedrill.process.environment import NOWHERE, environment
from kubedrill.record.catalogue import ProfileDescription
from kubedrill.record.files import write_json

TIMEOUT_S = 60

Question = tuple[Path, str]
"""A profile, and the parameters to check as JSON; no text: none are checked."""


def describe(*paths: Path) -> list[ProfileDescription]:
    """Return the profiles' descriptions; NotStarted if a file is not a profile.

    Cached by the content of the profiles and of this package.
    """
    answers = _answers([(path, "") for path in paths])
    return [_description(path, raw) for path, raw in zip(paths, answers, strict=True)]


def contradictions(loads: Sequence[tuple[ProfileDescription, Mapping[str, Any]]]) -> list[str]:
    """Return what is wrong with each profile's parameters together, which no schema can say; or ""."""
    answers = _answers(
        [(Path(one.path), json.dumps(dict(given), sort_keys=True)) for one, given in loads]
    )
    return [
        f"{one.name}: {raw['wrong']}" if raw["wrong"] else ""
        for (one, _), raw in zip(loads, answers, strict=True)
    ]


def _description(path: Path, raw: dict[str, Any]) -> ProfileDescription:
    return ProfileDescription(
        name=raw["name"],
        path=str(path),
        parameters=raw["parameters"],
        series=tuple(one["name"] for one in raw["series"]),
        permissions=raw["permissions"],
        doc=raw["doc"],
    )


def _answers(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Return what the profiles say, from the cache where that knows it."""
    known = {one: raw for one in questions if (raw := _cached(*one))}
    missing = [one for one in dict.fromkeys(questions) if one not in known]
    if missing:
        known |= dict(zip(missing, _ask(missing), strict=True))
    return [known[one] for one in questions]


def _cached(path: Path, given: str) -> dict[str, Any] | None:
    try:
        known: dict[str, Any] = json.loads(_cache(path, given).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known


def _cache(path: Path, given: str) -> Path:
    folder = platformdirs.user_cache_path("kubedrill") / "profiles"
    return folder / f"{path.stem}-{_fingerprint(path, given)}.json"


def _fingerprint(path: Path, given: str) -> str:
    digest = hashlib.sha256(given.encode())
    own = Path(__file__).parent
    # Its neighbours, too: profiles may be made of others.
    for file in (path, *sorted(path.parent.glob("*.py")), *sorted(own.rglob("*.py"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:20]


def _ask(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Ask a process of its own what the profiles say, and remember it."""
    command = [sys.executable, "-m", "kubedrill.load.describe"]
    command += [str(word) for one in questions for word in one]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        # Somebody else's code: what it does when it is imported must reach no cluster.
        env=environment(NOWHERE),
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise NotStarted(said[-1] if said else f"{questions[0][0]}: not a load profile")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    for one, answer in zip(questions, answers, strict=True):
        try:
            _cache(*one).parent.mkdir(parents=True, exist_ok=True)
            write_json(_cache(*one), answer)
        except OSError:
            pass  # a cache that cannot be written only costs time
    return answers


def _said(path: Path, given: str) -> dict[str, Any]:
    from kubedrill.load.profile import load_profile
    from kubedrill.load.user.parameters import check as check_together

    try:
        module, user = load_profile(path)
    except Exception as error:  # noqa: BLE001 - somebody else's code
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise SystemExit(f"{path}: not a load profile: {kind}{error}") from None
    wrong = ""
    if given:
        try:
            check_together(json.loads(given), user.parameters)
        except NotStarted as error:
            wrong = str(error)
    return {
        "name": path.stem.replace("_", "-"),
        "doc": (module.__doc__ or "").strip().partition("\n")[0],
        "parameters": user.parameters.model_json_schema(),
        "series": [one._asdict() for one in user.series],
        "permissions": dict(user.permissions),
        "wrong": wrong,
    }


def main() -> None:
    """Print what the profiles of the command line say of themselves, as JSON."""
    words = sys.argv[1:]
    said = [_said(Path(path), given) for path, given in zip(words[::2], words[1::2], strict=True)]
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
