"""Compare: `variants.json`, what a comparison was to play and what came of it; and its manifest.

It stands in the comparison's folder, and the runs in folders of their arms beside it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from kubedrill.compare.arms import Comparison
from kubedrill.compare.order import Play
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import Json, Line, of_schema, read_whole, write_typed
from kubedrill.record.manifest import check_files, seal_files

SCHEMA_VERSION = 1
NOT_PLAYED = "kubedrill was killed before"


class ArmRecord(Line):
    """One arm: the key that it changes, and to what."""

    name: str
    key: str
    value: Json


class PlayRecord(Line):
    """One run of an arm: where it stands, or why there is none."""

    arm: str
    round: Annotated[int, Field(ge=1)]
    run: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]*/[0-9TZ-]+)?$")] = ""
    """Its folder, from the comparison's on; empty if it was not played."""
    why_not: str = NOT_PLAYED

    @property
    def play(self) -> Play:
        """Which it is."""
        return Play(self.arm, self.round)


class RelationRecord(Line):
    """An objective that relates two arms."""

    phase: str
    text: str
    line: int | None


class Variants(Line):
    """`variants.json`."""

    schema_version: Annotated[int, of_schema(SCHEMA_VERSION)] = SCHEMA_VERSION
    experiment: str
    title: str
    why: str
    claim: int | None
    arms: tuple[ArmRecord, ...]
    repeat: int
    relations: tuple[RelationRecord, ...]
    plays: tuple[PlayRecord, ...]
    """In the order in which they were to be played."""

    @classmethod
    def of(cls, comparison: Comparison) -> "Variants":
        """Return what is to be played; nothing is yet."""
        first = comparison.arms[0].experiment
        return cls(
            experiment=comparison.file.stem,
            title=first.title,
            why=first.why,
            claim=first.claim,
            arms=tuple(
                ArmRecord(name=arm.name, key=arm.key, value=arm.value) for arm in comparison.arms
            ),
            repeat=comparison.repeat,
            relations=tuple(
                RelationRecord(phase=asked.phase, text=asked.relation.text, line=asked.line)
                for asked in comparison.relations
            ),
            plays=tuple(PlayRecord(arm=play.arm, round=play.round) for play in comparison.plays),
        )

    def played(self, play: Play, run: str) -> "Variants":
        """Return it with the folder of one play."""
        return self._with(play, PlayRecord(arm=play.arm, round=play.round, run=run, why_not=""))

    def not_played(self, why: str) -> "Variants":
        """Return it with the reason why all that was not played was not."""
        left = [record for record in self.plays if not record.run]
        known = self
        for record in left:
            known = known._with(record.play, record.model_copy(update={"why_not": why}))
        return known

    def _with(self, play: Play, record: PlayRecord) -> "Variants":
        plays = (record if old.play == play else old for old in self.plays)
        return self.model_copy(update={"plays": tuple(plays)})

    def write(self, folder: RunFolder) -> None:
        """Write `variants.json`, whole or not at all."""
        write_typed(variants_file(folder), self)


def variants_file(folder: RunFolder) -> Path:
    """Return where it stands; a folder that has it is a comparison's."""
    return folder.path / "variants.json"


def read_variants(folder: RunFolder) -> Variants:
    """Read it; BadEvidence if it is missing or wrong."""
    return read_whole(variants_file(folder), Variants)


def runs(folder: RunFolder, variants: Variants) -> dict[Play, RunFolder]:
    """Return the folders of what was played."""
    return {
        record.play: RunFolder(folder.path / record.run) for record in variants.plays if record.run
    }


def seal(folder: RunFolder, variants: Variants) -> None:
    """Close the evidence: write the manifest of all the runs' manifests; OSError as of a drill's."""
    there = [name for name in _evidence(folder, variants) if (folder.path / name).is_file()]
    seal_files(folder, there)


def broken(folder: RunFolder, variants: Variants) -> Iterator[str]:
    """Yield what became of the evidence since, in words; each run's own manifest tells of its files."""
    yield from check_files(folder, [*_evidence(folder, variants)])


def _evidence(folder: RunFolder, variants: Variants) -> Iterator[str]:
    yield from (folder.experiment_yaml.name, variants_file(folder).name)
    yield from (f"{record.run}/{folder.manifest.name}" for record in variants.plays if record.run)
