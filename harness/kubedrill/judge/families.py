"""Judge: whether what a metric is read from was there at all; a count that nobody kept is not 0."""

from collections.abc import Sequence

from kubedrill.judge.pages import Scrape
from kubedrill.judge.silence import Exempt
from kubedrill.record.metric import Family, Metric

SUFFIXES = ("", "_bucket", "_count")


def wanted(family: Family, labels: dict[str, str]) -> bool:
    """Whether a series of the family is one of those that the metric means."""
    return all(labels.get(label) in values for label, values in family.labels.items()) and not any(
        labels.get(label) in values for label, values in family.without.items()
    )


def sum_of(scrape: Scrape, family: Family) -> float | None:
    """Return what a scrape says, its series added up; None where it has none, or says that it does not know.

    A number of things below 0 is an apiserver's way to say that it could not count them.
    """
    values = [
        value
        for (name, labels), value in scrape.values.items()
        if name == family.name and wanted(family, dict(labels))
    ]
    return sum(values) if values and min(values) >= 0 else None


def unknown(name: str, metric: Metric, version: str) -> str:
    """Return that no family is known for a metric in this version, in words."""
    families = ", ".join(family.name for family in metric.families)
    of = version or "a version that is not known"
    return f"{name} cannot be read of {metric.component} {of}: {families} are for others"


def missing_gauge(scrapes: Sequence[Scrape], family: Family, component: str, exempt: Exempt) -> str:
    """Return that scrapes of a phase do not have a gauge; empty if each has it."""
    good = [scrape for scrape in scrapes if not scrape.error and not exempt(component, scrape.time)]
    without = [scrape for scrape in good if sum_of(scrape, family) is None]
    if not without:
        return ""
    return f"{component} did not say {_shown(family)} in {len(without)} of {len(good)} scrapes"


def missing_count(scrapes: Sequence[Scrape], family: Family, component: str) -> str:
    """Return that nothing shows that a component counts at all; empty if something does.

    One that has not counted anything yet may have no series of the family; a witness shows that it would.
    """
    if not scrapes or any(_counts(scrape, family) for scrape in scrapes):
        return ""
    if not family.witnesses:
        return f"{component} never said {_shown(family)}"
    witnesses = " nor ".join(family.witnesses)
    return f"{component} never said {family.name}, nor {witnesses}, which would show that it counts"


def _counts(scrape: Scrape, family: Family) -> bool:
    """Whether a scrape has a series of the family, of whatever values of its labels, or a witness."""
    own = {f"{family.name}{suffix}" for suffix in SUFFIXES}
    return any(
        name in family.witnesses or (name in own and set(family.labels) <= dict(labels).keys())
        for name, labels in scrape.values
    )


def _shown(family: Family) -> str:
    told = ", ".join(f"{label}={'|'.join(values)}" for label, values in family.labels.items())
    return f"{family.name}{{{told}}}" if told else family.name
