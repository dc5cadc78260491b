"""Objectives in words, as plans and reports say them."""

from kubedrill.reading.units import format_duration, show_as
from kubedrill.record.objective import OFFERED, OPERATORS, SEEDED, Objective, base_load
from kubedrill.record.series import STATISTICS, Series, named


def words(objective: Objective, phase: str) -> str:
    """Return the objective as one English sentence; it must have passed `check`."""
    series = named(objective.series)
    subject = subject_of(series, objective.statistic)
    bound = (
        f"{OPERATORS[objective.operator][1]} {show_as(objective.threshold, objective.written_unit)}"
        f"{_base_in_words(objective)}"
    )
    if objective.eventually_s is None:
        always = ", at every scrape" if _every_scrape(series, objective) else ""
        return f"In {phase}, {subject} is {bound}{always}."
    limit = format_duration(objective.eventually_s)
    return f"In {phase}, {subject} is {bound} within {limit} and stays so until the phase ends."


def _base_in_words(objective: Objective) -> str:
    match objective.share_of:
        case None:
            return ""
        case base if base == SEEDED:
            return f" of the {objective.series.partition('.')[2]} seeded"
        case base if base == OFFERED:
            return f" of what {base_load(objective)} offered"
    return f" of all that {base_load(objective)} had offered when the phase ended"


def _every_scrape(series: Series, objective: Objective) -> bool:
    return series.kind == "gauge" and objective.statistic is None


def subject_of(series: Series, statistic: str | None) -> str:
    """Return what is measured, in words."""
    whole = f"{series.name} ({series.words})"
    match series.kind, statistic:
        case "requests", str():
            return _request_subject(series, statistic)
        case "counter", "count":
            return f"{whole} over the phase"
        case (("availability" | "fault"), None):
            return series.words
        case _, "longest":
            return f"the longest {series.words}"
        case _, str():
            return f"{STATISTICS[statistic]} of {whole}"
    return whole


def _request_subject(series: Series, statistic: str) -> str:
    match statistic:
        case "rate":
            return f"the rate of whole, valid answers to {series.words}"
        case "error_rate":
            return f"the share of requests of {series.words} that failed"
        case "count":
            return f"the number of requests of {series.words}"
        case "failed":
            return f"the number of failures among {series.words}"
    what = "" if series.name == "staleness" else "the latency of "
    return f"{STATISTICS[statistic]} of {what}{series.words}"
