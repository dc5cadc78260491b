"""A plugin for pytest: which files it looks for tests in, and whose tests come first."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file in which no test can carry the mark that `-m` asks for first.

    To import the other 250 files would take longer than some of the parts themselves.
    """
    mark = config.option.markexpr.split(" and ")[0]
    if not mark.isidentifier() or collection_path.suffix != ".py":
        return None
    return None if f"mark.{mark}" in collection_path.read_text(encoding="utf-8") else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those of the whole program first: one file of them is minutes of commands, and would end alone."""
    items.sort(key=lambda item: item.path.parent != TESTS)
