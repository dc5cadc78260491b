"""A part of the tests is looked for only in the files that name its mark: most of what pytest does before
it plays the 14 tests that run alone would be to import the 250 files of the others."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file in which no test can carry the mark that `-m` asks for first."""
    mark = config.option.markexpr.split(" and ")[0]
    if not mark.isidentifier() or collection_path.suffix != ".py":
        return None
    return None if f"mark.{mark}" in collection_path.read_text(encoding="utf-8") else True
