"""The terminal that people read."""

import sys

from rich.console import Console


def console() -> Console:
    """Return a console on stdout; without a terminal it prints plain lines of 100 columns."""
    return Console(
        width=None if sys.stdout.isatty() else 100, highlight=False, markup=False, emoji=False
    )
