"""`make dist`: builds sdist and wheel of a clean checkout, and checks both as who installs them has them."""

import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
from pathlib import Path

DIST = Path("dist")


class NotReleased(Exception):  # noqa: N818 - a state of the checkout
    """The checkout is none that can be released; the message says what would make it so."""


def main() -> int:
    """Build and check the checkout that is the working directory; return the exit code."""
    try:
        version = versioned()
        made = built(version)
    except NotReleased as why:
        print(f"nothing was built: {why}", file=sys.stderr)
        return 1
    run(sys.executable, "-m", "twine", "check", "--strict", *made)
    with tempfile.TemporaryDirectory() as folder:
        installed(made[-1], version, Path(folder))
    print(*made, sep="\n")
    return 0


def versioned() -> str:
    """Return the version; NotReleased where the checkout has changes, or the changelog no section of it."""
    left = run("git", "status", "--porcelain").splitlines()
    if left:
        raise NotReleased(
            f"{left[0].split()[-1]} is not committed; commit or stash what was changed"
        )
    version = str(tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["version"])
    heading = rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$"
    if not re.search(heading, Path("CHANGELOG.md").read_text("utf-8"), re.MULTILINE):
        raise NotReleased(f'CHANGELOG.md has no section "## {version} - YYYY-MM-DD"')
    return version


def built(version: str) -> tuple[Path, Path]:
    """Return sdist and wheel, the wheel built of what the sdist holds."""
    sdist = DIST / f"kubedrill-{version}.tar.gz"
    wheel = DIST / f"kubedrill-{version}-py3-none-any.whl"
    for old in (sdist, wheel):
        old.unlink(missing_ok=True)
    build = (sys.executable, "-m", "hatchling", "build", "-d", DIST.absolute())
    run(*build, "-t", "sdist")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as files:
            files.extractall(folder, filter="data")
        run(*build, "-t", "wheel", within=Path(folder) / sdist.name.removesuffix(".tar.gz"))
    return sdist, wheel


def installed(wheel: Path, version: str, folder: Path) -> None:
    """Install the wheel where nothing else is, and begin with it as the guide does."""
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    run(programs / "pip", "install", "--quiet", "--disable-pip-version-check", wheel.absolute())
    kubedrill = programs / "kubedrill"
    said = run(kubedrill, "--version", within=folder)
    if said.split()[-1] != version:
        raise SystemExit(f"kubedrill --version says {said.strip()}, and not {version}")
    run(kubedrill, "init", "drills", within=folder)
    shipped = sorted((folder / "drills" / "experiments").glob("*.yaml"))
    run(kubedrill, "validate", *shipped, within=folder / "drills")


def run(*words: object, within: Path | None = None) -> str:
    """Return what a command has printed; SystemExit with all that it said if it fails."""
    command = [*map(str, words)]
    done = subprocess.run(
        command,
        cwd=within,
        env={**os.environ, "KUBEDRILL_STATE": str(within)} if within else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n{shlex.join(command)}: exit code {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
