"""Compare: from the files of a comparison's runs to its verdict; the same whenever it is asked."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from kubedrill import judge as stage
from kubedrill import judging
from kubedrill.compare import html, junit
from kubedrill.compare.order import Play
from kubedrill.compare.record import PlayRecord, Variants, broken, read_variants, runs
from kubedrill.compare.relating import Figures, relate
from kubedrill.compare.verdict import ArmResult, ComparisonReport, PlayResult, RelationResult
from kubedrill.errors import NotStarted
from kubedrill.judge.verdict import unfounded
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.manifest import read_manifest
from kubedrill.record.objective import ObjectiveError
from kubedrill.record.relation import Relation, parse_relation
from kubedrill.record.schedule import ScheduledObjective
from kubedrill.record.verdict import Report, Verdict
from kubedrill.report.files import write_all
from kubedrill.words import led_by

WRITERS = (html.write, junit.write)
"""Who writes the reports of a comparison."""
_TOLD = 3
"""Reasons of one run that are repeated in the comparison's; its own report has them all."""


def judge(folder: RunFolder, known: Mapping[Play, Report] | None = None) -> ComparisonReport:
    """Judge a comparison, and each of its runs that is not `known`, from their files alone."""
    try:
        variants = read_variants(folder)
        asked = [(line.phase, parse_relation(line.text)) for line in variants.relations]
    except BadEvidence as bad:
        return _unfounded(folder, bad.within(folder.path))
    except ObjectiveError as error:
        return _unfounded(folder, f"variants.json: relations: {error}")
    played = runs(folder, variants)
    reports = {play: (known or {}).get(play) or judge_run(run) for play, run in played.items()}
    plays = [_play(record, reports.get(record.play)) for record in variants.plays]
    figures = {play: measure(run, play.arm, asked) for play, run in played.items()}
    relations = [relate(phase, relation, variants.repeat, figures) for phase, relation in asked]
    wrong = [*broken(folder, variants), *_mixed_up(played), *_not_played(variants)]
    verdict, reasons = _decide(wrong, plays, relations)
    return ComparisonReport(
        experiment=variants.experiment,
        run=folder.run,
        title=variants.title,
        why=variants.why,
        claim=variants.claim,
        verdict=verdict,
        manifest=_digest(folder),
        reasons=reasons,
        arms=[ArmResult(name=arm.name, key=arm.key, value=arm.value) for arm in variants.arms],
        repeat=variants.repeat,
        relations=relations,
        plays=plays,
    )


def _digest(folder: RunFolder) -> str:
    """Return of which evidence the comparison's manifest is; "" where there is none, or it was changed."""
    try:
        return read_manifest(folder.manifest).sha256
    except BadEvidence:
        return ""


def judge_all(folder: RunFolder) -> tuple[ComparisonReport, list[str]]:
    """Judge a comparison, writing each run's verdict and reports anew; also what could not be written."""
    try:
        played = runs(folder, read_variants(folder))
    except BadEvidence:
        return judge(folder), []
    told = {play: judge_run(run) for play, run in played.items()}
    there = [(run, told[play]) for play, run in played.items() if run.path.is_dir()]
    unwritten = [words for run, report in there for words in write_all(run, report)]
    return judge(folder, told), unwritten


def stale(folder: RunFolder) -> list[str]:
    """Return what became of a comparison's evidence since its verdict was made, in words."""
    try:
        variants = read_variants(folder)
    except BadEvidence as bad:
        return [bad.within(folder.path)]
    played = runs(folder, variants).items()
    own = (f"{play}: {words}" for play, run in played for words in judging.changes(run))
    return [*broken(folder, variants), *own]


def judge_run(run: RunFolder) -> Report:
    """Judge one run by its own objectives; INVALID where nothing is left of it."""
    try:
        return judging.judge(run)
    except NotStarted:
        return unfounded(run, ["its files are missing"])


def measure(run: RunFolder, arm: str, asked: Sequence[tuple[str, Relation]]) -> Figures:
    """Return what a run of an arm says of all that relations ask of it.

    It is measured as an objective is, with the same doubts.
    """
    texts = (
        (phase, side.objective.text)
        for phase, relation in asked
        for side in relation.sides
        if side.arm == arm
    )
    objectives = tuple(ScheduledObjective(phase, text) for phase, text in dict.fromkeys(texts))
    try:
        report = stage.judge(run, stage.Other("a comparison", lambda *_: objectives))
    except NotStarted:
        return {}
    return {(result.phase, result.text): result for result in report.objectives}


def _play(record: PlayRecord, report: Report | None) -> PlayResult:
    return PlayResult(
        arm=record.arm,
        round=record.round,
        run=record.run,
        verdict=report.verdict if report else Verdict.INVALID,
        reasons=report.reasons if report else [f"was not played: {record.why_not}"],
        objectives=report.objectives if report else [],
    )


def _not_played(variants: Variants) -> Iterator[str]:
    for record in variants.plays:
        if not record.run:
            yield f"{record.play} was not played: {record.why_not}"


def _mixed_up(played: Mapping[Play, RunFolder]) -> Iterator[str]:
    """Yield where two runs of one arm were of different drills, or those of two arms of the same."""
    texts = {
        play: run.experiment_yaml.read_bytes()
        for play, run in played.items()
        if run.experiment_yaml.is_file()
    }
    for (play, text), (other, another) in combinations(texts.items(), 2):
        if play.arm == other.arm and text != another:
            yield f"{play} and {other}: their experiment.yaml differ, and they are of one arm"
        elif play.arm != other.arm and text == another:
            yield f"{play} and {other}: their experiment.yaml are the same, and their arms differ"


def _decide(
    wrong: list[str], plays: list[PlayResult], relations: list[RelationResult]
) -> tuple[Verdict, list[str]]:
    """Return the verdict and its reasons: INVALID before FAIL before PASS, every reason kept."""
    found = {
        verdict: [
            *(_carried(play) for play in plays if play.run and play.verdict is verdict),
            *(
                f"{relation.phase}: {relation.text}: {relation.reason}"
                for relation in relations
                if relation.verdict is verdict
            ),
        ]
        for verdict in (Verdict.INVALID, Verdict.FAIL)
    }
    invalid, failed = [*wrong, *found[Verdict.INVALID]], found[Verdict.FAIL]
    if invalid or not relations:
        return Verdict.INVALID, [*(invalid or ["nothing relates the arms"]), *failed]
    return (Verdict.FAIL if failed else Verdict.PASS), failed


def _carried(play: PlayResult) -> str:
    """Return why a run was no PASS, as its comparison says it."""
    return f"{play.name} is {play.verdict.value}: {led_by(play.reasons, _TOLD)}"


def _unfounded(folder: RunFolder, why: str) -> ComparisonReport:
    """Return the verdict on a comparison of which nobody knows what was to be played."""
    return ComparisonReport(
        experiment=folder.path.parent.name,
        run=folder.run,
        title="",
        why="",
        claim=None,
        verdict=Verdict.INVALID,
        manifest=_digest(folder),
        reasons=[why],
        arms=[],
        repeat=0,
        relations=[],
        plays=[],
    )
