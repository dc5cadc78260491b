"""Report: each event of the timeline in words, the same on the terminal and in the report."""

from kubedrill.record.timeline import (
    ChildEnded,
    ComponentEvent,
    ComponentExited,
    ComponentStarted,
    DrillAborted,
    DrillEnded,
    DrillFailed,
    DrillInterrupted,
    DrillStarted,
    Event,
    FaultTold,
    NotUndone,
    PhaseBegan,
    PlanTold,
    StateTold,
)
from kubedrill.report.sentences import on_target
from kubedrill.words import exit_status, few


def event_words(event: Event) -> str:  # noqa: PLR0911 - one sentence a kind
    """Return an event as one line without its time."""
    match event:
        case DrillStarted() | DrillEnded():
            return f"drill {event.name}"
        case DrillAborted(condition=why) | DrillFailed(reason=why):
            return f"drill {event.name}: {why}"
        case DrillInterrupted():
            return f"drill {event.words}"
        case PhaseBegan():
            return f"phase {event.name}"
        case FaultTold():
            proof = f": {few(event.proof)}" if event.proof else ""
            return f"{on_target(event.name, event.target)} {event.event.replace('-', ' ')}{proof}"
        case PlanTold():
            return f"plan: {event.name} {event.event}: {event.words}"
        case StateTold():
            return f"{event.name}: {event.words}"
        case ChildEnded():
            return f"{event.name} ended early ({exit_status(event.status)})"
        case ComponentExited() | ComponentStarted():
            return _of_component(event)
    return event.name


def _of_component(event: ComponentEvent) -> str:
    if isinstance(event, ComponentStarted):
        return f"{event.name} started by {event.by}"
    how = f"as asked by {event.by}" if event.asked else "by itself"
    return f"{event.name} exited {how} ({exit_status(event.status)})"


def is_trouble(event: Event) -> bool:
    """Whether the event is one that a reader must not miss."""
    match event:
        case DrillAborted() | DrillInterrupted() | DrillFailed() | ChildEnded() | NotUndone():
            return True
        case FaultTold() | PlanTold():
            return event.event == "failed"
        case StateTold():
            return event.event == "missed"
        case ComponentExited():
            return not event.asked
    return False
