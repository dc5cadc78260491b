"""Where clusters stand on disk: `STATE/clusters/NAME/` (0700), and beside it the lock `NAME.lock`.

The file `id` in the folder tells a cluster from another one of its name, before and after it.
"""

import fcntl
import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import write_whole
from kubedrill.record.lines import BadEvidence, MissingEvidence

ASK_AGAIN_S = 0.05
TIMES = 4
"""Who only looks whether a cluster is in use (`is_locked`) holds its lock for a moment."""


MARK = "KUBEDRILL_CLUSTER"
"""Environment variable of all that belongs to a cluster, the supervisor and all it starts: its folder. `down`
finds by it what a supervisor that died could not tell of."""


class Busy(NotStarted):
    """Another drill is using the cluster."""


class ClusterFailed(NotStarted):
    """The cluster did not come up, and what there was of it is gone again; the message shows why."""


_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def state_folder() -> Path:
    """Return the folder that keeps what outlives a run; `KUBEDRILL_STATE` overrides the user's own.

    NotStarted if it is no folder, or somebody else's: it holds keys, and is written with our rights.
    """
    override = os.environ.get("KUBEDRILL_STATE")
    if override:
        return _owned(Path(override).absolute())
    import platformdirs

    return _owned(platformdirs.user_state_path("kubedrill"))


def _owned(state: Path) -> Path:
    try:
        found = state.stat()
    except FileNotFoundError:
        return state
    except OSError as error:
        raise _unusable(state, error.strerror) from error
    if not stat.S_ISDIR(found.st_mode):
        raise _unusable(state, "not a folder")
    if found.st_uid != os.geteuid():
        raise _unusable(state, f"belongs to another user (uid {found.st_uid})")
    return state


def _unusable(state: Path, why: str | None) -> NotStarted:
    return NotStarted(f"{state}: {why}; point KUBEDRILL_STATE at a folder of your own")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Put into words (NotStarted) that `path`, in the state folder, cannot be made or written."""
    try:
        yield
    except OSError as error:
        raise _unusable(path, error.strerror) from error


def cluster_folder(name: str, state: Path | None = None) -> Path:
    """Return the cluster's own folder; NotStarted if `name` cannot name one."""
    if not _NAME.fullmatch(name):
        raise NotStarted(
            f'"{name}" cannot name a cluster; use at most 40 of a-z, 0-9 and -, no - at either end'
        )
    return (state or state_folder()) / "clusters" / name


def cluster_names() -> list[str]:
    """Return the names of the clusters that have a folder, whole or half made."""
    parent = state_folder() / "clusters"
    if not parent.is_dir():
        return []
    return sorted(folder.name for folder in parent.iterdir() if folder.is_dir())


def new_id() -> str:
    """Return an id that no other cluster has."""
    return uuid.uuid4().hex[:12]


def write_id(folder: Path, cluster_id: str, provider: str) -> None:
    """Say in a cluster's folder which one it is, and who provides it."""
    write_whole(folder / "id", cluster_id)
    write_whole(folder / "provider", provider)


def read_provider(folder: Path) -> str:
    """Return who provides the cluster of a folder; `local` if it is half made, or is not there.

    NotStarted for one that was up and does not say: another provider's cluster is not ours to guess at.
    """
    file = folder / "provider"
    why = f"{file} is gone"
    try:
        if said := _said(file).strip():
            return said
        why = f"{file} is empty"
    except FileNotFoundError:
        if not (folder / "cluster.json").exists():
            return "local"  # the name is written before anything is made
    except NotADirectoryError:
        raise NotStarted(f"cluster {folder.name}: {folder} is no folder; remove it") from None
    except (OSError, UnicodeDecodeError) as error:
        why = _unread(file, error)
    with suppress(BadEvidence):
        return ClusterRecord.read(folder / "cluster.json").provider
    raise NotStarted(
        f"cluster {folder.name}: {why}, so nobody knows who provides it; "
        "write the provider of its cluster file into it, such as local"
    )


def read_id(folder: Path) -> str | None:
    """Return which cluster a folder is of; None if it does not say, or is not there.

    NotStarted if it says what nobody can read: it may be another cluster than the one that is meant.
    """
    file = folder / "id"
    try:
        return _said(file)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise NotStarted(
            f"cluster {folder.name}: {_unread(file, error)}, so nobody knows which cluster it is; "
            f"to end it, whichever it is: kubedrill cluster down {folder.name}"
        ) from None


def _said(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _unread(file: Path, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) else "it is no text"
    return f"{file} cannot be read ({why})"


def read_record(folder: Path) -> ClusterRecord | None:
    """Return the record that stands in a cluster's folder once all of it was ready; else None."""
    try:
        return ClusterRecord.read(folder / "cluster.json")
    except MissingEvidence:
        return None


def remove(folder: Path) -> None:
    """Remove a cluster's folder with its data; `cluster.json` first, so that nobody finds it half."""
    with suppress(IsADirectoryError):
        (folder / "cluster.json").unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)


def lock(name: str, state: Path | None = None) -> IO[bytes]:
    """Take the cluster for one drill; it is held until the file, and every copy of it, is closed.

    The lock stands outside the cluster's folder, so that a cluster may be locked before it exists.
    Busy if another drill holds it.
    """
    path = cluster_folder(name, state).with_suffix(".lock")
    with writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("ab")
    if not _taken(file):
        file.close()
        by = path.read_text(encoding="utf-8").strip()
        raise Busy(
            f"another drill is using the cluster {name}{f' ({by})' if by else ''}; "
            "wait for its end, or take another cluster"
        )
    file.truncate(0)  # whoever signed it before has let it go
    return file


def sign(lock: IO[bytes], run: Path) -> None:
    """Say in a lock that was taken for which run it is held, for those that are refused meanwhile."""
    lock.truncate(0)
    lock.write(f"{run}, pid {os.getpid()}\n".encode())
    lock.flush()


def is_locked(name: str, state: Path | None = None) -> bool:
    """Whether a drill holds the cluster's lock."""
    try:
        with cluster_folder(name, state).with_suffix(".lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _taken(file: IO[bytes]) -> bool:
    """Take the lock; return whether it was free."""
    for _ in range(TIMES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(ASK_AGAIN_S)
        else:
            return True
    return False
