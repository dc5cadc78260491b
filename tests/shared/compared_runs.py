"""A comparison of two arms as files, each played twice: `fast` answers in 20 ms, `slow` in 60 ms.

A test changes a run before it is written, or its files afterwards.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from judged_drill import JudgedDrill

from kubedrill.compare.order import Play, interleaved
from kubedrill.compare.record import ArmRecord, PlayRecord, RelationRecord, Variants, seal
from kubedrill.record.folder import RunFolder

KEY = "load[0].with.size"
ARMS = ("fast", "slow")
RELATIONS = (
    ("baseline", "fast.list.p99 <= 50% * slow.list.p99"),
    ("recovery", "fast.list.count == slow.list.count"),
)
Change = Callable[[Play, JudgedDrill], None]


def unchanged(play: Play, drill: JudgedDrill) -> None:
    """Leave a run as it is."""


def write_comparison(
    reports: Path,
    change: Change = unchanged,
    relations: tuple[tuple[str, str], ...] = RELATIONS,
    played: int = 4,
) -> RunFolder:
    """Write the first `played` runs, and what closes the comparison."""
    folder = RunFolder.create_empty(reports, "lists")
    folder.experiment_yaml.write_text("title: The same LIST, small and large\n")
    plays = interleaved(ARMS, 2)
    variants = Variants(
        experiment="lists",
        title="The same LIST, small and large",
        why="What it costs.",
        claim=14,
        arms=tuple(ArmRecord(name=arm, key=KEY, value=n) for n, arm in enumerate(ARMS)),
        repeat=2,
        relations=tuple(
            RelationRecord(phase=phase, text=text, line=None) for phase, text in relations
        ),
        plays=tuple(PlayRecord(arm=play.arm, round=play.round) for play in plays),
    )
    for play in plays[:played]:
        variants = variants.played(play, write_run(folder, play, change))
    variants = variants.not_played("interrupted by SIGINT")
    variants.write(folder)
    seal(folder, variants)
    return folder


def write_run(folder: RunFolder, play: Play, change: Change) -> str:
    """Write one run; return its folder's name, from the comparison's on."""
    number = ARMS.index(play.arm)
    drill = JudgedDrill(loaded={"parameters": {"size": number}})
    drill.load["bytes"] += play.round  # no two runs are the same
    if play.arm == "slow":
        drill.load["total_us"] *= 3
    change(play, drill)
    written = drill.write(folder.path / "made")
    name = f"{play.arm}/20260131T12000{play.round}Z"
    (folder.path / play.arm).mkdir(exist_ok=True)
    written.path.rename(folder.path / name)
    shutil.rmtree(folder.path / "made")
    return name
