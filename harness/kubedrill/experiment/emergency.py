"""Check the emergency plan: it is against a fault, fits into its time, and something shows that it worked."""

import math
from collections.abc import Iterable, Iterator

from kubedrill.experiment.schema import ExperimentFile
from kubedrill.experiment.settled import WantedFault
from kubedrill.reading.problems import Location, Problems
from kubedrill.reading.units import format_duration
from kubedrill.record.emergency import PlanStep
from kubedrill.words import did_you_mean, shown


def check_plan(file: ExperimentFile, faults: Iterable[WantedFault], problems: Problems) -> None:
    """Add a problem for each step that could not be executed, or not be verified, as the file says."""
    if not file.plan:
        return
    against = min(faults, key=lambda fault: fault.inject_s, default=None)
    if against is None:  # or those that there are could not be read, which is told
        if not file.faults:
            problems.add(("plan",), "plan: there is no fault that it could be executed against")
        return
    for place, words in _wrong(file, against):
        problems.add(place, words)


def _wrong(file: ExperimentFile, against: WantedFault) -> Iterator[tuple[Location, str]]:
    begin, end = against.latest_s, _over(against)
    taken, names = 0.0, set[str]()
    for number, step in enumerate(file.plan):
        taken += step.within
        if step.step in names:
            yield ("plan", number, "step"), f"there is a step {step.step} before it"
        names.add(step.step)
        if step.verify_in is not None:
            for words in _not_shown(file, step, begin + taken, end):
                yield ("plan", number, "verify_in"), words
    last = file.plan[-1]
    if last.verify is None and last.verify_in is None:
        yield (
            ("plan", len(file.plan) - 1),
            (
                f"nothing shows that the plan has worked: give its last step, {last.step}, "
                "verify: [COMMAND] or verify_in: PHASE"
            ),
        )
    if taken > end - begin:
        room = f"{against.name} is in force for {format_duration(round(end - begin, 9))}"
        yield (
            ("plan",),
            (
                f"plan: its steps may take {format_duration(round(taken, 9))}, and {room}; "
                "give them less time, or the fault more"
            ),
        )


def _over(fault: WantedFault) -> float:
    """Return until when a fault is in force, in seconds from the drill's start; inf if nothing undoes it."""
    if fault.lasts != "lasting" or fault.arguments.get("rollback", "") is None:
        return math.inf
    return fault.undo_s if fault.for_s is None else fault.latest_s + fault.for_s


def _not_shown(
    file: ExperimentFile, step: PlanStep, executed_s: float, over_s: float
) -> Iterator[str]:
    """Yield why the objectives of a phase would not show that a step worked."""
    phase, begin = step.verify_in, 0.0
    if phase not in file.phases:
        yield f'there is no phase "{shown(phase)}"{did_you_mean(phase or "", file.phases)}'
        return
    for name, seconds in file.phases.items():
        if name == phase:
            break
        begin += seconds
    end = round(begin + file.phases[phase], 9)
    if not file.slos.get(phase):
        yield f"the phase {phase} has no objective, which could show that the step worked"
    if round(begin, 9) < round(executed_s, 9):
        yield (
            f"the phase {phase} begins at {format_duration(round(begin, 9))}, and the step may take until "
            f"{format_duration(round(executed_s, 9))}"
        )
    if end > round(over_s, 9):
        yield (
            f"the fault is undone at {format_duration(round(over_s, 9))}, before the phase {phase} ends: "
            "nobody would know what has helped"
        )
