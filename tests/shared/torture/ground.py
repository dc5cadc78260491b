"""On what cases are played: a cluster of each provider that there is, brought up for it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from every_provider import ADOPTED, adopted, playable

from kubedrill import cluster as stage
from kubedrill.record.cluster import ClusterRecord

NAME = "shot-at"


@dataclass(frozen=True, slots=True)
class Ground:
    """A cluster that stays up."""

    cluster: ClusterRecord
    served: ClusterRecord
    """The same as its administrator knows it: of somebody else's cluster, the local one that plays it."""
    file: Path
    """Its cluster file."""


@contextmanager
def ground(provider: str, folder: Path) -> Iterator[Ground]:
    """Have a cluster of a provider for this block."""
    with ExitStack() as stack:
        served, found = _playable(provider, folder, stack)
        file = folder / f"{NAME}.yaml"
        shutil.copy(found, file)
        stack.callback(stage.down, NAME)
        record = stage.up(stage.load_definition(file), NAME)
        yield Ground(record, served or record, file)


def _playable(provider: str, folder: Path, stack: ExitStack) -> tuple[ClusterRecord | None, Path]:
    """Return who else administers a cluster, and its file."""
    if provider != ADOPTED:
        return None, stack.enter_context(playable(provider, folder, "played"))
    theirs, file = stack.enter_context(adopted(folder, "adopted"))
    return theirs.record, file
