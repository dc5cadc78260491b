"""How a generator and the prober were doing themselves: `samples/NAME.workers.jsonl`, a line a second."""

from kubedrill.record.lines import Amount, Count, Line, TimedLine


class Vitals(TimedLine):
    """One process at one time; all counts are since its start."""

    pid: Count
    lag_max_us: Count
    """By how much the event loop was late at most since the line before, us."""
    cpu_s: Amount
    rss_bytes: Count
    in_flight: Count
    due: Count
    """Arrivals, or probes, that were due."""
    sent: Count
    """Those of them that were not dropped."""
    dropped: Count
    bytes_in: Count
    """Received, TLS included."""


class WorkersMachine(Line):
    """The machine of a worker, all cores of it; counts are since its start, or that of the worker's group."""

    cores: Count
    busy_s: Amount
    """CPU-seconds at work, whoever's."""
    steal_s: Amount
    """CPU-seconds in which the hypervisor ran somebody else."""
    limit_periods: Count
    """Periods of a CPU quota of the worker's group, and those in which it was held back."""
    limit_throttled: Count


class GeneratorVitals(Vitals):
    """One process of a load."""

    held_back: Count
    """Arrivals that have waited too long for one of their user's connections."""
    counts: dict[str, Count]
    """What the profile counts besides its requests."""
    descriptors: Count
    descriptors_limit: Count
    machine: WorkersMachine | None = None
    """Of a worker of a load that another machine runs."""


class ProberVitals(Vitals):
    """The prober."""

    bytes_out: Count
