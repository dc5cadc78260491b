"""A healthy drill for each test to change."""

import pytest
from judged_drill import JudgedDrill


@pytest.fixture
def drill() -> JudgedDrill:
    """A drill of 30 s that passes; a test changes one thing and writes it."""
    return JudgedDrill()
