"""Report: each event of the timeline in words, the same on the terminal and in the report."""

from collections.abc import Callable
from typing import Any

from kubedrill.record.timeline import Event
from kubedrill.report.sentences import on_target


def event_words(event: Event) -> str:
    """Return an event as one line without its time."""
    words = _WORDS.get(event.kind)
    return words(event.name, event.details) if words else event.name


def is_trouble(event: Event) -> bool:
    """Whether the event is one that a reader must not miss."""
    match event.kind:
        case "drill":
            return event.name not in {"started", "ended"}
        case "child":
            return True
        case "fault":
            return event.details.get("event") == "failed"
        case "component":
            return event.details.get("event") == "exited" and not event.details.get("asked")
    return False


def _drill(name: str, details: dict[str, Any]) -> str:
    why = details.get("signal") or details.get("condition") or details.get("reason")
    return f"drill {name}" + (f": {why}" if why else "")


def _phase(name: str, _details: dict[str, Any]) -> str:
    return f"phase {name}"


def _fault(name: str, details: dict[str, Any]) -> str:
    happened = str(details.get("event", "")).replace("-", " ")
    proof = f": {details['proof']}" if details.get("proof") else ""
    return f"{on_target(name, details.get('target'))} {happened}{proof}"


def _child(name: str, details: dict[str, Any]) -> str:
    return f"{name} ended early ({_status(details.get('status'))})"


def _component(name: str, details: dict[str, Any]) -> str:
    by = f" by {details['by']}" if details.get("by") else ""
    if details.get("event") == "exited":
        how = "as asked" if details.get("asked") else "by itself"
        return f"{name} exited {how}{by if details.get('asked') else ''} ({_status(details.get('status'))})"
    return f"{name} {details.get('event', '')}{by}"


def _status(status: Any) -> str:
    if isinstance(status, int) and status < 0:
        return f"signal {-status}"
    return f"status {status}"


_WORDS: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "drill": _drill,
    "phase": _phase,
    "fault": _fault,
    "child": _child,
    "component": _component,
}
