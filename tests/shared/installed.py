"""kubedrill's own wheel, and what it depends on lent by the tests' environment: nothing is fetched for it."""

import subprocess
import sys
import sysconfig
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
_OURS = ("kubedrill", "__editable__", "_kubedrill", "_editable")


def build_wheel(folder: Path) -> Path:
    """Build the wheel into a folder, and return it."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True, timeout=120)
    [wheel] = folder.glob("*.whl")
    return wheel


def lent(folder: Path) -> Path:
    """Return a folder for PYTHONPATH with links to all that is installed here but kubedrill itself."""
    folder.mkdir()
    for found in Path(sysconfig.get_path("purelib")).iterdir():
        if not found.name.startswith(_OURS):
            (folder / found.name).symlink_to(found)
    return folder


def environment(wheel: Path, packages: Path) -> dict[str, str]:
    """Return what lets pip install this wheel as `kubedrill`, and find the rest in `packages`."""
    return {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_FIND_LINKS": str(wheel.parent),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": str(packages),
    }
