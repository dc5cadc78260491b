"""Stage: the objects that stand before the load, and their removal.

`seed` makes them through the API, in a namespace of the run's own; `sweep` removes them and is
the undo in the ledger.
"""

from kubedrill.record.labels import namespace_of
from kubedrill.seed.calling import SeedFailed
from kubedrill.seed.create import SeedResult, seed
from kubedrill.seed.kinds import KINDS
from kubedrill.seed.sweep import sweep
from kubedrill.seed.workers import start_workers, why_no_workers

__all__ = [
    "KINDS",
    "SeedFailed",
    "SeedResult",
    "namespace_of",
    "seed",
    "start_workers",
    "sweep",
    "why_no_workers",
]
