"""Stage: read an experiment file, check it, say what it would do, expand it to Chaos Toolkit."""

from kubedrill.experiment.draft import Draft, open_file
from kubedrill.experiment.expand import expand, expand_alone
from kubedrill.experiment.limited import check_limits, closed
from kubedrill.experiment.plan import Plan, plan
from kubedrill.experiment.plan_text import render
from kubedrill.experiment.published import as_written, json_schema
from kubedrill.experiment.read import read_faults, settle
from kubedrill.experiment.scaled import scaled
from kubedrill.experiment.settled import (
    Experiment,
    PhaseLength,
    PhaseObjective,
    Seed,
    WantedFault,
    refused_on_what_stays,
    refused_where_it_stays,
)
from kubedrill.experiment.write import schedule, to_yaml

__all__ = [
    "Draft",
    "Experiment",
    "PhaseLength",
    "PhaseObjective",
    "Plan",
    "Seed",
    "WantedFault",
    "as_written",
    "check_limits",
    "closed",
    "expand",
    "expand_alone",
    "json_schema",
    "open_file",
    "plan",
    "read_faults",
    "refused_on_what_stays",
    "refused_where_it_stays",
    "render",
    "scaled",
    "schedule",
    "settle",
    "to_yaml",
]
