"""What a supervisor writes down: each start and exit, and how components are. A full disk ends no cluster."""

import sys
from contextlib import suppress

from kubedrill.clock import now
from kubedrill.cluster.files import Components, Files
from kubedrill.cluster.holds import AGAIN
from kubedrill.record.components import Exited, Started
from kubedrill.record.lines import write_typed


class Notes:
    """`exits.jsonl` and `components.json`: what cannot be written is kept until it can be."""

    def __init__(self, files: Files) -> None:
        self._path = files.components
        self._exits = files.exits.open("ab", buffering=0)
        self._left = b""
        self._components: Components | None = None
        self._again: int | None = None

    def add(self, line: Started | Exited) -> None:
        """Append a line to `exits.jsonl`."""
        self._left += line.model_dump_json().encode() + b"\n"
        self._write()

    def save(self, components: Components) -> None:
        """Replace `components.json`."""
        self._components = components
        self._write()

    def close(self) -> None:
        """Write down nothing more."""
        self._exits.close()

    def due(self) -> list[int]:
        """Return when it is tried again to write what is left, monotonic ns."""
        return [] if self._again is None else [self._again]

    def write_due(self) -> None:
        """Try again what the disk would not take, if it is time."""
        if self._again is not None and self._again <= now():
            self._write()

    def _write(self) -> None:
        try:
            while self._left:  # a disk that is nearly full takes a part of a line
                self._left = self._left[self._exits.write(self._left) :]
            if self._components:
                write_typed(self._path, self._components)
                self._components = None
        except OSError as error:
            if self._again is None:
                tell(f"not written, and tried again: {error}")
            self._again = now() + AGAIN
        else:
            self._again = None


def tell(words: str) -> None:
    """Say something in the supervisor's log, if that can be written."""
    with suppress(OSError):
        print(words, file=sys.stderr, flush=True)
