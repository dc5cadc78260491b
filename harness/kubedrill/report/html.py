"""Report: `report.html`, one file that opens offline and asks no network for anything."""

import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from kubedrill.record.changes import on_cluster
from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, read_whole
from kubedrill.record.machine import Calibration
from kubedrill.record.schedule import Schedule
from kubedrill.record.simulated import simulated
from kubedrill.record.timeline import Event, read_timeline
from kubedrill.record.verdict import FaultResult, Report
from kubedrill.report import (
    asking,
    coming,
    figures,
    found,
    machine,
    planned,
    sentences,
    tables,
)
from kubedrill.report.bands import FAULT_BAND, PHASE_BAND
from kubedrill.report.events import event_words, is_trouble
from kubedrill.report.table import verdict_cell
from kubedrill.words import in_a_line


def write(folder: RunFolder, report: Report) -> Path:
    """Write `report.html` of a verdict, with what the run's files show, and return its path.

    Where they cannot be shown, it has what the verdict says, and why not more: a drill that ended early
    has a report too, and so has one whose evidence was damaged.
    """
    try:
        _check_all_are_files(folder)
        page = _page(folder, report)
    except BadEvidence as bad:
        page = _bare_page(folder, report, bad.within(folder.path))
    except Exception as error:  # noqa: BLE001 - whatever it is, the verdict must be reported
        page = _bare_page(folder, report, in_a_line(error))
    write_whole(folder.report, page)
    return folder.report


def _check_all_are_files(folder: RunFolder) -> None:
    """Raise BadEvidence if something is none: who reads from a pipe may wait for ever."""
    for path in sorted(folder.files()):
        if path.exists() and not path.is_file():
            raise BadEvidence(path, None, "is no file")


def _bare_page(folder: RunFolder, report: Report, why: str) -> str:
    """Return the page that the verdict alone makes, and why it has no more."""
    notes = [*report.notes, f"what the run's files show is not here: {why}"]
    return _page(RunFolder(folder.path / "unread"), report.model_copy(update={"notes": notes}), why)


def _page(folder: RunFolder, report: Report, unread: str = "") -> str:
    schedule = Schedule.read(folder.schedule) if folder.schedule.exists() else None
    events = read_timeline(folder.timeline, may_be_cut=True) if folder.timeline.exists() else []
    start = _start(report, events)
    template = environment().get_template("report.html.j2")
    return template.render(
        report=report,
        unread=unread,
        verdict=verdict_cell(report.verdict),
        proved=sentences.proved(report),
        break_glass=[*sentences.break_glass_lines(report)],
        facts=_facts(report, schedule) | _machine(folder),
        faults=[_fault(fault, start) for fault in report.faults],
        events=_events(events, start),
        chart=_chart(folder, report, schedule, events),
        bands=_bands(report),
        bokeh=bokeh(),
        nonce=secrets.token_urlsafe(16),
        experiment=_text(folder.experiment_yaml),
        intention=_intention(schedule),
        tables=tables,
        coming=coming.steps(report),
        bounds=coming.bounds(report),
        asking=asking.agents(report),
        planned=planned.steps(report),
        findings=[found.violations(report), found.collateral(report)],
        phases=_offsets(report, start),
    )


def environment(package: str = "kubedrill.report") -> Environment:
    """Return what renders a package's templates, those of reports beside them."""
    loaders = [PackageLoader(name) for name in dict.fromkeys((package, "kubedrill.report"))]
    made = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Bokeh's JSON names an object where it first appears; sorted keys would put references before.
    made.policies["json.dumps_kwargs"] = {"sort_keys": False}
    made.tests["text"] = lambda value: not isinstance(value, dict | list | tuple)
    return made


def bokeh() -> str:
    """Return Bokeh's core bundle as its wheel brings it; nothing of it is kept in this repository."""
    bundle = resources.files("bokeh") / "server/static/js/bokeh.min.js"
    return bundle.read_text(encoding="utf-8").replace("</script", "<\\/script")


def _start(report: Report, events: list[Event]) -> int:
    """Return the monotonic ns from which the report counts: the first phase, or what came first."""
    if report.phases:
        return report.phases[0].start
    return events[0].time if events else 0


def _chart(
    folder: RunFolder, report: Report, schedule: Schedule | None, events: list[Event]
) -> dict[str, Any] | None:
    if schedule is None or not report.phases:
        return None
    from kubedrill.report.charts import timeline

    return timeline(folder, report, schedule, events)


def _bands(report: Report) -> list[dict[str, str]]:
    """Return what the bands of the timeline mean, with their colours in the panel of the drill."""
    phases = ", ".join(phase.name for phase in report.phases)
    faults = [
        fault for fault in report.faults if fault.took_effect and fault.injected_at is not None
    ]
    names = ", ".join(sentences.on_target(fault.name, fault.target) for fault in faults)
    found = [(PHASE_BAND, f"phases: {phases}; a line where each begins")]
    found += [(FAULT_BAND, f"a fault in force: {names}")] if faults else []
    return [{**asdict(band), "words": words} for band, words in found]


def _facts(report: Report, schedule: Schedule | None) -> dict[str, str]:
    """Return what a reader asks first: of what, when, for how long, where."""
    facts = {"Experiment": report.experiment, "Run": report.run}
    if report.claim is not None:
        facts["Claim"] = f"row {report.claim} of the catalogue"
    if schedule is not None:
        start = datetime.fromtimestamp(schedule.clock.to_wall(schedule.start) / 1e9, UTC)
        facts["Started"] = f"{start:%Y-%m-%d %H:%M:%S} UTC"
        facts["Cluster"] = on_cluster(schedule.cluster, schedule.cluster_changes)
        facts["Simulated"] = simulated(schedule.fleet) if schedule.fleet else ""
    facts["Phases"] = ", ".join(
        f"{phase.name} {figures.count(round(phase.seconds))} s" for phase in report.phases
    )
    facts["Labels"] = sentences.labels(report)
    scale = report.settings.get("scale", 1)
    if scale != 1:
        facts["Scale"] = f"{scale:g} of the file's rates and seeds"
    facts["Machine"] = sentences.headroom_line(report) or ""
    return {name: value for name, value in facts.items() if value}


def _machine(folder: RunFolder) -> dict[str, str]:
    """Return what the machine gave before the load, beside the reference machine."""
    try:
        return {"Machine": machine.in_words(read_whole(folder.machine, Calibration))}
    except BadEvidence:
        return {}  # the verdict says what is wrong with it


def _fault(fault: FaultResult, start: int) -> dict[str, str]:
    """Return one fault with its proofs, as a list of terms and what is said of them."""

    def state(done: bool, time: int | None, proof: str) -> str:
        when = f"at {figures.offset(time, start)}" if time is not None else ""
        return " ".join(
            part for part in ("yes" if done else "NO", when, proof and f"({proof})") if part
        )

    return {
        "Fault": f"{fault.name} on {fault.target}" if fault.target else fault.name,
        "Phase": fault.phase,
        "Injected": state(fault.injected_at is not None, fault.injected_at, ""),
        "Took effect": state(fault.took_effect, fault.took_effect_at, fault.proof),
        "Undone": state(fault.undone, fault.undone_at, fault.undo_proof)
        if fault.can_be_undone
        else sentences.not_undone(fault),
        "Time to detect": figures.seconds(fault.time_to_detect_s),
        "Time to recover": sentences.recovery(fault),
    }


def _events(events: list[Event], start: int) -> list[tuple[str, str, str, bool]]:
    """Return the timeline's events as (offset, kind, words, whether it is trouble)."""
    return [
        (figures.offset(event.time, start), event.kind, event_words(event), is_trouble(event))
        for event in events
    ]


def _offsets(report: Report, start: int) -> list[dict[str, Any]]:
    """Return the phases' places on the chart, for its buttons."""
    return [
        {
            "name": phase.name,
            "left": (phase.start - start) / 1e9,
            "right": (phase.end - start) / 1e9,
        }
        for phase in report.phases
    ]


def _intention(schedule: Schedule | None) -> dict[str, Any]:
    """Return the settings of load, prober, scraper and guards, as they were scheduled."""
    if schedule is None:
        return {}
    plan = schedule.as_dict()
    return {name: plan[name] for name in ("loads", "probing", "scraping", "abort")}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
