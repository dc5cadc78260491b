"""Experiment files in a project folder, beside the shipped profiles and clusters."""

from collections.abc import Callable
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write an experiment file into a project folder."""
    folder = tmp_path / "project"
    (folder / "experiments").mkdir(parents=True)
    for shipped in ("loadprofiles", "clusters"):
        (folder / shipped).symlink_to(TOP / shipped)

    def write(text: str) -> Path:
        file = folder / "experiments" / "lists.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write
