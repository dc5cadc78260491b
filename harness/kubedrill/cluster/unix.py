"""One question and its answer over a Unix socket."""

import os
import socket
from pathlib import Path


def ask(path: Path, line: bytes, timeout_s: float) -> bytes:
    """Send `line` and return all that comes back until the other side hangs up; OSError."""
    # By way of the folder's descriptor, since a socket's path may have no more than 107 bytes.
    folder = os.open(path.parent, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(f"/proc/self/fd/{folder}/{path.name}")
            connection.sendall(line)
            with connection.makefile("rb") as answer:
                return answer.read()
    finally:
        os.close(folder)
