"""A month of runs, written once."""

from pathlib import Path

import pytest
from past_runs import write_month
from synthetic_drill import make_schedule

from kubedrill.record.schedule import Schedule


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 runs of three experiments; nobody changes them."""
    reports = tmp_path_factory.mktemp("month") / "reports"
    write_month(reports)
    return reports


@pytest.fixture
def drill_plan() -> Schedule:
    """The schedule of the synthetic drill."""
    return make_schedule("An etcd member dies", {"fault": {}})
