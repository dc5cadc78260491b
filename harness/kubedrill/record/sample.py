"""One fixed-size record a request, as load and prober write them and judge reads them.

A file `NAME.bin` holds records only; `NAME.json` beside it (written first) says what the numbers
in them mean (record.sidecar).
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kubedrill.clock import MILLISECOND
from kubedrill.record.lines import write_typed
from kubedrill.record.sidecar import LoadSidecar, ProbeSidecar

_CODES = {"u8": "Q", "i8": "q", "u4": "I", "u2": "H", "u1": "B"}


def packing(dtype: np.dtype[np.void]) -> struct.Struct:
    """Return what packs one record of that type: its fields in their order, little-endian, without gaps."""
    codes = (_CODES[dtype[name].str[1:]] for name in dtype.names or ())
    return struct.Struct("<" + "".join(codes))


_FIELDS: list[tuple[str, str]] = [
    ("intended", "<u8"),  # monotonic ns: when the request should have started
    ("wait_us", "<u4"),  # how much later it was sent because of the generator itself
    ("first_byte_us", "<u4"),  # intended -> first byte of the answer; 0 if none came
    ("total_us", "<u4"),  # intended -> end of the answer, or of the failure
    ("bytes", "<u4"),  # received, headers excluded
    ("outcome", "<u2"),  # HTTP status, or an Outcome
    ("series", "u1"),  # index into the sidecar's series
    ("target", "u1"),  # index into the sidecar's targets (0: unknown)
]
LOAD_DTYPE = np.dtype(_FIELDS)
PROBE_DTYPE = np.dtype([*_FIELDS, ("staleness_us", "<u4")])  # 0 where it does not apply

LOAD_RECORD, PROBE_RECORD = packing(LOAD_DTYPE), packing(PROBE_DTYPE)

Records = npt.NDArray[np.void]


class Outcome(IntEnum):
    """How a request failed where no whole, valid HTTP answer came; HTTP statuses are below 1000."""

    REFUSED = 1001
    RESET = 1002
    EOF = 1003
    """The peer closed before the answer was whole."""
    TIMEOUT = 1004
    TLS = 1005
    UNREACHABLE = 1006
    MALFORMED = 1007
    """Not HTTP, a bad chunk, a wrong length, or a body that is not what was asked for."""
    DROPPED = 1008
    """Never sent: the bound on requests in flight was reached. Counts against the generator."""
    CUT = 1009
    """In flight when the load was ended: nobody knows what would have come of it. Of an arrival at the
    planned end, judged as UNANSWERED."""
    GOAWAY = 1010
    """The server took no more requests on this HTTP/2 connection, and says that it has not seen this one."""
    STREAM_RESET = 1011
    """The server gave up this request, not the HTTP/2 connection: RST_STREAM."""
    RESTING = 1012
    """What waited for nothing but time of its own when the load was ended: no answer is missing."""
    UNANSWERED = 1013
    """In flight when the drill came to its planned end. Never written: what the judge reads in CUT."""
    NO_CONNECTION = 1014
    """Never sent: each of the connections that it might use was in use until the deadline."""
    NO_DESCRIPTOR = 1015
    """Never sent: the process, or its machine, had no file descriptor left."""
    NO_PORT = 1016
    """Never sent: the machine had no local port left for a connection to that address."""
    NO_MEMORY = 1017
    """The machine's kernel had no memory left for the connection."""


LIMITS = (
    Outcome.DROPPED,
    Outcome.NO_CONNECTION,
    Outcome.NO_DESCRIPTOR,
    Outcome.NO_PORT,
    Outcome.NO_MEMORY,
)
"""Limits of the generator's own: no failure of the server."""

LATE = 250 * MILLISECOND
"""An arrival that starts later than this after its time was the generator's fault, not the server's."""


def outcome_name(outcome: int) -> str:
    """Return the error class as reports show it: `timeout`, `http 429`, or `ok` for 2xx."""
    if 200 <= outcome < 300:
        return "ok"
    return f"http {outcome}" if outcome < 1000 else Outcome(outcome).name.lower()


class SampleWriter:
    """Writes `NAME.bin` and its sidecar. Call `flush` every 200 ms; one writer a file."""

    def __init__(
        self,
        folder: Path,
        name: str,
        sidecar: LoadSidecar | ProbeSidecar,
        record: struct.Struct,
    ) -> None:
        self._sidecar = folder / f"{name}.json"
        self.describe(sidecar)
        # Buffered by hand: a record costs one pack_into, and a flush one write.
        self._file = (folder / f"{name}.bin").open("ab", buffering=0)
        self._record = record
        self._buffer = bytearray(record.size * 4096)
        self._used = 0

    def describe(self, sidecar: LoadSidecar | ProbeSidecar) -> None:
        """Write the sidecar anew."""
        self._about = sidecar
        write_typed(self._sidecar, sidecar)

    def name_targets(self, names: Sequence[str]) -> None:
        """Write the sidecar anew, with more targets in it."""
        self.describe(self._about.model_copy(update={"targets": tuple(names)}))

    def add(self, *values: int) -> None:
        """Append one record, its fields in the order of the struct."""
        if self._used == len(self._buffer):
            self.flush()
        self._record.pack_into(self._buffer, self._used, *values)
        self._used += self._record.size

    def write(self, records: Records) -> None:
        """Append many records and hand them to the kernel; OSError as `flush`."""
        self.flush()
        self._write(memoryview(records.tobytes()))

    def flush(self) -> None:
        """Hand what was added to the kernel; OSError (disk full) is the caller's to report."""
        self._write(memoryview(self._buffer)[: self._used])
        self._used = 0

    def close(self) -> None:
        """Flush and close; closed also if the flush fails."""
        try:
            self.flush()
        finally:
            self._file.close()

    def _write(self, view: memoryview) -> None:
        while view:
            view = view[self._file.write(view) :]


def read_bin(path: Path, dtype: np.dtype[np.void], start: int = 0) -> Records:
    """Return the whole records of a file from record `start` on; a last one cut off is left out."""
    count = path.stat().st_size // dtype.itemsize - start
    return np.fromfile(path, dtype=dtype, count=max(count, 0), offset=start * dtype.itemsize)
