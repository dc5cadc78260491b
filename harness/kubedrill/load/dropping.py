"""Load: the moments at which all watches of a load are dropped, whatever process they are in."""

from kubedrill.clock import SECOND, now

FOREVER = 1 << 62


def next_drop(every_s: float, ahead: int) -> int:
    """Return the next of these moments, monotonic ns; FOREVER if `every_s` is 0.

    `ahead`: by how much this machine's clock is ahead of the load's, ns.
    """
    every = round(every_s * SECOND)
    return ((now() - ahead) // every + 1) * every + ahead if every else FOREVER
