"""Load: requests that have ended, as they were measured, until the next flush.

A request costs one `pack` and one `append`; samples and statistics are made of all of a flush at once.
"""

import struct

import numpy as np
import numpy.typing as npt

from kubedrill.record.sample import LOAD_DTYPE, Records

ENDED = struct.Struct("<5qHBB")
"""due | started | first byte | end (monotonic ns) | size | outcome | series | target."""

Ended = npt.NDArray[np.void]
"""Requests that have ended, in the fields of ENDED."""

_DTYPE = np.dtype(
    [
        ("due", "<i8"),
        ("started", "<i8"),
        ("first_byte", "<i8"),
        ("end", "<i8"),
        ("size", "<i8"),
        ("outcome", "<u2"),
        ("series", "u1"),
        ("target", "u1"),
    ]
)
_LARGEST = 2**32 - 1


def unpack(packed: list[bytes]) -> Ended:
    """Return the requests that were packed by ENDED."""
    return np.frombuffer(b"".join(packed), _DTYPE)


def as_records(ended: Ended) -> Records:
    """Return the samples' records of the requests."""
    due = ended["due"]
    records = np.zeros(len(ended), LOAD_DTYPE)
    records["intended"] = due
    records["wait_us"] = (ended["started"] - due) // 1000
    came = ended["first_byte"] > 0
    records["first_byte_us"][came] = (ended["first_byte"] - due)[came] // 1000
    records["total_us"] = (ended["end"] - due) // 1000
    records["bytes"] = np.minimum(ended["size"], _LARGEST)
    records["outcome"] = ended["outcome"]
    records["series"] = ended["series"]
    records["target"] = ended["target"]
    return records
