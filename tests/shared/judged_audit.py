"""What the auditor leaves of the drill in judged_drill: one client, a write, a read and an event a second."""

from typing import Any

from judged_scrapes import END, START, at

CLIENT = "balancer"
FIRST = 100
"""The version of the key before the drill."""


def audit_lines() -> list[dict[str, Any]]:
    """Return the lines of an audit in which all is right."""
    lines = [
        line("looked", 0.01, key=CLIENT, cached=False, outcome=200, version=FIRST, value="old"),
        line("listed", 0.02, version=FIRST, keys={CLIENT: [FIRST, "old"]}),
        line("watching", 0.03, since=FIRST),
    ]
    for second in range(END):
        lines += a_round(second)
    lines += [line("unwatched", END + 0.01, why="ended"), line("closed", END + 0.02)]
    return numbered(lines)


def a_round(second: int) -> list[dict[str, Any]]:
    """Return what one second of it tells: written, told of, and read both ways."""
    version, value = FIRST + second + 1, f"run/{second + 1}"
    shows = {"key": CLIENT, "outcome": 200, "version": version, "value": value}
    return [
        line("wrote", second + 0.1, base=version - 1, **shows),
        line("told", second + 0.2, kind="MODIFIED", key=CLIENT, version=version, value=value),
        line("looked", second + 0.3, cached=False, **shows),
        line("looked", second + 0.4, cached=True, **shows),
    ]


def line(what: str, second: float, **told: Any) -> dict[str, Any]:
    """Return one line; what asks began 5 ms before."""
    began = {"began": max(START, at(second - 0.005))}
    asks = began if what in ("wrote", "looked", "listed") else {}
    return {"time": at(second), "client": CLIENT, "what": what, **asks, **told}


def numbered(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines as the auditor's own, each with its number."""
    return [{**told, "number": number} for number, told in enumerate(lines)]
