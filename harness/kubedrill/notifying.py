"""Tell webhooks what came of a drill or a suite; what cannot be told changes no verdict, and is said."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubedrill import __version__
from kubedrill.errors import NotStarted
from kubedrill.posting import NotDelivered, post
from kubedrill.record.verdict import Judged
from kubedrill.record.webhook import WebhookPart
from kubedrill.words import shown

_REASONS = 5
"""Of a message for people; a program is told all of them."""
_LONGEST = 300
"""Characters of a reason in it."""


@dataclass(frozen=True, slots=True)
class ToldOutcome:
    """What there is to tell."""

    event: str
    """`drill-ended`, `suite-ended`"""
    report: Judged
    folder: Path
    drills: Mapping[str, str]
    """Of a suite, by name, what came of each drill."""


def drill_ended(report: Judged, reports: Path) -> ToldOutcome:
    """Return what there is to tell of a drill, or of all variants of an experiment."""
    folder = reports.resolve() / report.experiment / report.run
    return ToldOutcome("drill-ended", report, folder, {})


def check(hooks: Iterable[WebhookPart]) -> None:
    """Raise NotStarted for the first that could not be told anything, by its variables."""
    for hook in hooks:
        hook.resolved()


def notify(
    hooks: Iterable[WebhookPart], outcome: ToldOutcome, say: Callable[[str], object]
) -> None:
    """Tell each that wants to know of this verdict, and say who was told, by the variable's name."""
    for hook in hooks:
        if outcome.report.verdict.value.lower() not in hook.on:
            continue
        body = _slack(outcome) if hook.shape == "slack" else _json(outcome)
        try:
            url, headers = hook.resolved()
            post(url, headers, body)
        except (NotDelivered, NotStarted) as error:
            say(f"notify: {hook.webhook} was not told: {error}")
        else:
            say(f"notify: {hook.webhook} was told")


def _json(outcome: ToldOutcome) -> dict[str, Any]:
    report = outcome.report
    return {
        "event": outcome.event,
        "name": report.experiment,
        "run": report.run,
        "folder": str(outcome.folder),
        "title": report.title,
        "verdict": report.verdict.value,
        "reasons": report.reasons,
        "drills": dict(outcome.drills),
        "kubedrill": __version__,
    }


def _slack(outcome: ToldOutcome) -> dict[str, Any]:
    report = outcome.report
    told = [shown(reason, _LONGEST) for reason in report.reasons[:_REASONS]]
    more = len(report.reasons) - len(told)
    lines = [f"*{report.verdict.value}*  {_plain(report.title)}"]
    lines += [f"{_plain(name)}: {_plain(said)}" for name, said in outcome.drills.items()]
    lines += [f"• {_plain(reason)}" for reason in told] + ([f"and {more} more"] if more else [])
    return {"text": "\n".join([*lines, f"`{outcome.folder}`"])}


def _plain(text: str) -> str:
    """Return a text in which nothing is a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
