"""Wire: sockets that live in another network namespace."""

import _socket
import ctypes
import os
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_FOLDER = Path("/run/netns")
_libc = ctypes.CDLL(None, use_errno=True)
_opened: dict[str, tuple[int, tuple[int, int]]] = {}
"""Name of a namespace: its descriptor, and the (device, inode) that it was opened for."""


def open_socket(family: int, netns: str | None) -> _socket.socket:
    """Return a new stream socket that belongs to the namespace `netns` (None: ours); OSError."""
    if netns is None:
        return _socket.socket(family, _socket.SOCK_STREAM)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(_descriptor(netns))
        try:
            return _socket.socket(family, _socket.SOCK_STREAM)
        finally:
            _enter(home)
    finally:
        os.close(home)


def _descriptor(name: str) -> int:
    path = _FOLDER / name
    status = path.stat()
    identity = (status.st_dev, status.st_ino)
    known = _opened.get(name)
    if known and known[1] == identity:
        return known[0]
    # The namespace was made again since: the old descriptor would lead into the dead one.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    _opened[name] = (descriptor, identity)
    if known:
        os.close(known[0])
    return descriptor


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")
