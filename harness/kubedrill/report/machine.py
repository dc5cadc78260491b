"""Report: the machine under a drill, beside the one that this project's figures are from."""

from collections.abc import Iterator

from kubedrill.record.machine import REFERENCE_FSYNC_S, REFERENCE_WORK_S, Calibration
from kubedrill.report import figures


def lines(found: Calibration) -> Iterator[str]:
    """Yield what the machine gives, and what was waited for, a line each."""
    yield in_words(found)
    if found.waited_s:
        yield (
            f"waited {figures.seconds(found.waited_s)} for {figures.size(found.flushed_bytes)} that were not "
            f"yet on the disk; {figures.size(found.dirty_bytes)} are left"
        )
    if found.shared:
        yield "shared on purpose (KUBEDRILL_SHARED_MACHINE): what others take of it is not judged"


def in_words(found: Calibration) -> str:
    """Return the figures, each beside the reference machine's."""
    work = f"work {_ms(found.work_cpu_s)} CPU ({_ms(REFERENCE_WORK_S)} on the reference machine)"
    disks = ", ".join(
        f"fsync p99 {_ms(fsync.p99_s)} in {name} ({_ms(REFERENCE_FSYNC_S)})"
        for name, fsync in found.fsync.items()
    )
    cores = f"{found.cpus:g} cores"
    if found.cpus < found.cores:
        cores = f"a CPU quota of {found.cpus:g} of {found.cores} cores"
    return f"{cores}; {work}; {disks}; others {found.others_share:.0%} of the CPU"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"
