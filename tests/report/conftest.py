"""Run folders to report on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_drill import build

from kubedrill.record.folder import RunFolder

Drill = Callable[..., RunFolder]


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    """Return `build` for a new folder below tmp_path."""
    return lambda **changes: build(tmp_path, **changes)
