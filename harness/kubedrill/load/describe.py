"""Load: what a profile says of itself. Read in a process of its own: Locust replaces sockets.

python -m kubedrill.load.describe loadprofiles/mass_list.py
python -m kubedrill.load.describe loadprofiles/mass_list.py '{"resource": "pods"}'    also checks
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from kubedrill.errors import NotStarted
from kubedrill.record.catalogue import ProfileDescription
from kubedrill.record.files import write_json

TIMEOUT_S = 60


def describe(path: Path) -> ProfileDescription:
    """Return the profile's description; NotStarted if the file is not a profile.

    Cached by the content of the profile and of this package.
    """
    raw = _cached(path, None)
    return ProfileDescription(
        name=raw["name"],
        path=str(path),
        parameters=raw["parameters"],
        series=tuple(one["name"] for one in raw["series"]),
        doc=raw["doc"],
    )


def check(path: Path, parameters: Mapping[str, Any]) -> None:
    """Check parameters together, which no schema can say; NotStarted says what is wrong."""
    wrong = _cached(path, parameters)["wrong"]
    if wrong:
        raise NotStarted(f"{path.stem.replace('_', '-')}: {wrong}")


def _cached(path: Path, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    given = "" if parameters is None else json.dumps(dict(parameters), sort_keys=True)
    folder = platformdirs.user_cache_path("kubedrill") / "profiles"
    cache = folder / f"{path.stem}-{_fingerprint(path, given)}.json"
    try:
        known: dict[str, Any] = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = _ask(path, given)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(cache, known)
        except OSError:
            pass  # a cache that cannot be written only costs time
    return known


def _fingerprint(path: Path, given: str) -> str:
    digest = hashlib.sha256(given.encode())
    own = Path(__file__).parent
    # Its neighbours, too: profiles may be made of others.
    for file in (path, *sorted(path.parent.glob("*.py")), *sorted(own.rglob("*.py"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:20]


def _ask(path: Path, given: str) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "kubedrill.load.describe",
        str(path),
        *([given] if given else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise NotStarted(
            f"{path}: not a load profile: {said[-1] if said else 'it printed nothing'}"
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _said(path: Path, given: dict[str, Any] | None) -> dict[str, Any]:
    from kubedrill.load.profile import load_profile
    from kubedrill.load.user.parameters import check as check_together

    try:
        module, user = load_profile(path)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    wrong = ""
    if given is not None:
        try:
            check_together(given, user.parameters)
        except NotStarted as error:
            wrong = str(error)
    return {
        "name": path.stem.replace("_", "-"),
        "doc": (module.__doc__ or "").strip().partition("\n")[0],
        "parameters": user.parameters.model_json_schema(),
        "series": [one._asdict() for one in user.series],
        "wrong": wrong,
    }


def main() -> None:
    """Print the description of the profile given on the command line, as JSON."""
    path, *given = sys.argv[1:]
    said = _said(Path(path), json.loads(given[0]) if given else None)
    sys.stdout.write(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
