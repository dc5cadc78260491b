"""Judge: the measurers, a file a kind; whatever stands here is registered, and so is what others name.

Another distribution names a module of its own as an entry point of the group `kubedrill.measurers`:

    [project.entry-points."kubedrill.measurers"]
    mine = "my_module"
"""

import importlib
import pkgutil
import sys
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint, entry_points

from kubedrill.record.series import UNREAD
from kubedrill.words import in_a_line

GROUP = "kubedrill.measurers"


def _import(point: EntryPoint) -> None:
    """Import somebody else's measurers; one that cannot be imported hinders only who may mean it."""
    try:
        with redirect_stdout(sys.stderr):  # what it prints is not what a command was asked for
            point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
        UNREAD.append(
            f"{point.value}: no measurer, see docs/your-own-series.md: {in_a_line(error)}"
        )


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
for _point in entry_points(group=GROUP):
    _import(_point)
