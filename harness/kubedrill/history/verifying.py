"""History: a run whose files were all hashed; its verdict is STALE where they are not what they were."""

from dataclasses import replace
from pathlib import Path

from kubedrill.history.past import PastRun, Standing
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.manifest import check


def verified(run: PastRun, reports: Path) -> tuple[PastRun, bool]:
    """Return a run after a look at each of its files, and whether its evidence is what it was.

    Not looked at where no verdict says what it was: nothing is known that could have been changed.
    """
    if run.verdict is None or not run.verdict.manifest:
        return run, True
    broken = _broken(RunFolder(reports / run.path))
    if broken and run.standing.trusted:
        return replace(run, standing=Standing.STALE, why=broken[0]), False
    return run, not broken


def _broken(folder: RunFolder) -> list[str]:
    from kubedrill.compare.record import broken, read_variants, variants_file

    if not variants_file(folder).is_file():
        return [*check(folder).broken]
    try:
        return [*broken(folder, read_variants(folder))]
    except BadEvidence as bad:
        return [bad.within(folder.path)]
