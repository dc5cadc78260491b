"""Where a PASS is right though a file was damaged, when the manifest is made anew after it.

A manifest that is made anew is a forger's. What can still be found out is evidence that is missing, that
cannot be, and that contradicts other evidence. What is left is listed here by file, kind and words of the
damage, each with its reason; any other PASS fails the campaign.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from damage.cases import SAME
from damage.judging import Answer


@dataclass(frozen=True)
class Right:
    """A kind of damage after which a PASS is right."""

    files: str
    """Patterns of names from the run's folder on, separated by |."""
    kinds: str
    """A regular expression; `.*`: all."""
    why: str
    done: str = ""
    """What is found in the damage's words; empty: whatever."""
    named: bool = False
    """Whether the answer must name the file nevertheless, as one that was not read."""

    def holds(self, answer: Answer) -> bool:
        return (
            any(fnmatchcase(answer.file, pattern) for pattern in self.files.split("|"))
            and re.fullmatch(self.kinds, answer.kind) is not None
            and re.search(self.done, answer.done) is not None
            and (answer.names_the_file or not self.named)
        )


_PARAMETER = r"^(without )?(?!series|targets|profile|load\b|workers?\b|name|verb|role|[0-9])\w+"
"""A key of a load's sidecar that is none of those that say what the records are."""
_ONE_FIGURE = "count_changed|word_changed|time_shifted|retyped|flipped|field_changed|page_changed"

RIGHT: tuple[Right, ...] = (
    Right("logs/*", ".*", "a log explains: no verdict is made from it"),
    Right(
        "chaos-experiment.json|chaos-journal.json",
        ".*",
        "Chaos Toolkit's own papers: a fault is judged by what it has proven in faults.jsonl",
    ),
    Right(
        "metrics.parquet",
        ".*",
        "made from metrics/*.prom.gz for other programs: those are judged",
    ),
    Right(
        "metrics/*.prom.gz",
        ".*",
        "no objective asks for the pages that it spoils, and the answer says that they were not read",
        named=True,
    ),
    Right("metrics/*.prom.gz", "grown", "no line of metrics/index.jsonl speaks of what was added"),
    Right(
        "metrics/*.prom.gz",
        "page_changed|pages_swapped|flipped",
        "a page that can be read: nothing else says what stood in it, or no objective asks for it",
    ),
    Right(
        "health.jsonl|leases.jsonl|resources.jsonl|machine.jsonl|machine.json|*.workers.jsonl|metrics/index.jsonl"
        "|audit.jsonl|surrounding.jsonl",
        _ONE_FIGURE,
        "one figure, and one that can be: nothing else in the folder says what it was",
    ),
    Right(
        "health.jsonl|leases.jsonl|resources.jsonl|machine.jsonl|*.workers.jsonl|metrics/index.jsonl",
        "dropped",
        "one look of many: a hole that is shorter than a drill allows (3 s)",
    ),
    Right(
        "samples/*.parquet",
        "field_changed|records_swapped|record_swapped|flipped",
        "one figure of one request, or their order: each request has its record, and one that can be",
    ),
    Right(
        "samples/load-*.parquet",
        "record_dropped|record_doubled",
        "a page of a list, of which there may be any number; each list itself has its record",
        done="of series 1$",
    ),
    Right(
        "health.jsonl|leases.jsonl|resources.jsonl|machine.jsonl|machine.json|*.workers.jsonl|metrics/index.jsonl"
        "|audit.jsonl|surrounding.jsonl",
        "all_times_shifted",
        "shifted by less than the hole that a drill allows (3 s)",
        done=r"shifted by [+-][01]\.",
    ),
    Right(
        "*.json|*.yaml|samples/*.parquet",
        ".*",
        "it says what it has said: a key twice with one value, keys in another order, an empty line, "
        "a bit of a table that is of none of its records",
        done=f"{SAME}$",
    ),
    Right(
        "metrics/index.jsonl",
        "swapped",
        "the order of its lines says nothing: each has its time",
    ),
    Right(
        "cluster.json",
        _ONE_FIGURE + "|grown",
        "an address, a path or a setting of a cluster that is gone: nothing is measured from it",
        done="port|host|file|folder|socket|id|name|zone|settings|added",
    ),
    Right(
        "schedule.json",
        "time_shifted|flipped",
        "the hour by the wall: it dates the report, and no figure is made from it",
        done="wall",
    ),
    Right(
        "schedule.json",
        "key_removed|garbled|dropped",
        "what it does not say is taken as by default, and experiment.yaml beside it says the same",
        done=r"(_s|_rate|line|headroom|abort|scale)\b",
    ),
    Right(
        "schedule.json",
        _ONE_FIGURE,
        "where an objective stood in the file that was written: for a reader, no figure is made from it",
        done='^line: | in "line"',
    ),
    Right(
        "samples/load-*.json",
        f"{_ONE_FIGURE}|key_removed|garbled|dropped",
        "what the profile made of what it was given: for a reader, no figure is made from it",
        done=_PARAMETER,
    ),
    Right(
        "timeline.jsonl",
        f"{_ONE_FIGURE}|key_removed",
        "what is told of the host, of versions, of how long seeding took: no figure is made from it",
        done="^line [0-9]+: (without )?(seconds|versions|host|memory|cpus|kernel|machine|python)",
    ),
    Right(
        "timeline.jsonl|ledger.jsonl",
        "swapped",
        "the order of its lines says nothing: each has its time",
    ),
    Right(
        "timeline.jsonl",
        "time_shifted",
        "when it was seeded or ended: by no more than an arrival may be late",
        done=r"shifted by [+-]0\.050",
    ),
    Right(
        "ledger.jsonl",
        "dropped",
        "what became known of a process, for whoever undoes it: that it was begun and undone stands there",
        done='"state":"fact"',
    ),
    Right(
        "timeline.jsonl",
        "time_shifted",
        "when the run folder was made: no figure counts from it",
        done="^line 1: ",
    ),
    Right(
        "leases.jsonl|resources.jsonl",
        "key_removed",
        "one component in one look of many: a hole that is shorter than a drill allows (3 s)",
        done="without (etcd|kube|haproxy)",
    ),
    Right(
        "ledger.jsonl",
        f"{_ONE_FIGURE}|all_times_shifted",
        "what had to be undone, for whoever undoes it: the verdict rests on what faults have proven",
    ),
)


def why_right(answer: Answer) -> str:
    """Return why a PASS is right; empty if it is not known to be."""
    return next((kind.why for kind in RIGHT if kind.holds(answer)), "")
