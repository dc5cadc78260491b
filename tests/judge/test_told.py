"""Metrics that a Prometheus told: bounded by its own scrapes, and never a PASS of what it did not tell."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, Scrape, histogram

from kubedrill.clock import MILLISECOND
from kubedrill.judge.told import quantile_bounds
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import write_typed
from kubedrill.record.manifest import seal
from kubedrill.record.prometheus import PrometheusSource, PrometheusTold, ScrapedTarget
from kubedrill.record.verdict import ObjectiveResult, Verdict

URL, INSTANCES, EVERY_S = "http://prometheus:9090", ("10.0.0.1:6443", "10.0.0.2:6443"), 3
KIND, SERVER = "kube-apiserver", f"kube-apiserver-{INSTANCES[0]}"
SLI = "apiserver_request_sli_duration_seconds"
PUT = 'apiserver_request_total{verb="PUT",resource="configmaps",code="200"}'
FAILED = 'apiserver_request_total{verb="GET",resource="pods",code="500"}'


def page(instance: str, second: float) -> Scrape:
    """60 requests a second, half of them writes of ConfigMaps; each request took at most 10 ms."""
    since = second + 1000
    values = {
        PUT: 30 * since,
        'apiserver_request_total{verb="LIST",resource="pods",code="200"}': 30 * since,
        FAILED: 0.0,
        'apiserver_current_inflight_requests{request_kind="readOnly"}': 2.0,
        'apiserver_longrunning_requests{verb="WATCH"}': 7.0,
        **histogram(SLI, 'verb="LIST",', 30 * since),
    }
    return Scrape(second, f"{KIND}-{instance}", values)


def pages() -> list[Scrape]:
    """Half a second before each third, counted from the drill's start: at no edge of a phase."""
    seconds = [second - 0.5 for second in range(-3, END + EVERY_S + 1, EVERY_S)]
    return [page(instance, second) for second in seconds for instance in INSTANCES]


@dataclass
class ToldDrill(JudgedDrill):
    """The drill on a cluster whose apiservers nobody but a Prometheus sees."""

    told: bool = True
    targets_told: list[ScrapedTarget] = field(
        default_factory=lambda: [
            ScrapedTarget(
                name=f"{KIND}-{instance}", kind=KIND, labels={"instance": instance}, every_s=EVERY_S
            )
            for instance in INSTANCES
        ]
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        own = [scrape for scrape in self.scrapes.pages if not scrape.component.startswith(KIND)]
        self.scrapes.pages = [*own, *pages()]

    @property
    def cluster(self) -> ClusterRecord:
        record = super().cluster
        own = tuple(part for part in record.components if part.kind != KIND)
        source = PrometheusSource(URL, {KIND: 'job="apiserver"'})
        return replace(record, components=own, prometheus=source)

    def write(self, reports: Path) -> RunFolder:
        folder = super().write(reports)
        if self.told:
            known = PrometheusTold(
                url=URL,
                targets=tuple(self.targets_told),
                clock_ahead=0,
                clock_within=3 * MILLISECOND,
            )
            write_typed(folder.prometheus, known)
            seal(folder)
        return folder


@pytest.fixture
def drill() -> ToldDrill:
    return ToldDrill()


def asked(drill: ToldDrill, tmp_path: Path, text: str, phase: str = "fault") -> ObjectiveResult:
    return drill.asked(tmp_path, phase, text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("apiserver.requests >= 700", Verdict.PASS),
        ("apiserver.requests <= 1500", Verdict.PASS),
        ("apiserver.requests <= 700", Verdict.FAIL),
        ("apiserver.requests >= 1500", Verdict.FAIL),
        ("apiserver.requests >= 1000", Verdict.INVALID),
        ("apiserver.requests <= 1000", Verdict.INVALID),
        ("apiserver.requests.rate <= 150/s", Verdict.PASS),
        ("apiserver.requests.rate <= 100/s", Verdict.INVALID),
    ],
)
def test_a_count_lies_between_the_scrapes_within_and_those_around(
    drill: ToldDrill, tmp_path: Path, text: str, verdict: Verdict
) -> None:
    # Two apiservers, 60/s each; scraped at 11.5 and 17.5 s within, at 8.5 and 20.5 s around.
    found = asked(drill, tmp_path, text)
    assert found.verdict is verdict, found.reason
    per = 10 if ".rate" in text else 1
    assert (found.value, found.most) == (pytest.approx(720 / per), pytest.approx(1440 / per))
    if verdict is Verdict.INVALID:
        assert "only known to be" in found.reason
        assert "Prometheus did not scrape at the phase's edges" in found.reason


@pytest.mark.parametrize(
    ("second", "baseline", "fault"),
    [
        (7.0, Verdict.FAIL, Verdict.PASS),
        (
            9.0,
            Verdict.INVALID,
            Verdict.INVALID,
        ),  # scraped at 8.5 and at 11.5 s: of which phase was it?
        (13.0, Verdict.PASS, Verdict.FAIL),
    ],
)
def test_what_may_be_of_the_phase_beside_it_decides_nothing(
    drill: ToldDrill, tmp_path: Path, second: float, baseline: Verdict, fault: Verdict
) -> None:
    for scrape in drill.scrapes.of(SERVER, second, 100):
        scrape.values[FAILED] = 5.0
    assert asked(drill, tmp_path, "apiserver.errors == 0", "baseline").verdict is baseline
    assert asked(drill, tmp_path, "apiserver.errors == 0", "fault").verdict is fault


def test_a_phase_without_two_scrapes_has_no_percentile(drill: ToldDrill, tmp_path: Path) -> None:
    for scrape in [*drill.scrapes.pages]:
        if scrape.component.startswith(KIND) and 5 < scrape.second < 8:
            drill.scrapes.pages.remove(scrape)
    found = asked(drill, tmp_path, "apiserver.sli.p99 < 1s", "baseline")
    assert found.verdict is Verdict.INVALID
    assert "nothing was observed in it between two scrapes within the phase" in found.reason


def test_a_percentile_has_bounds_too(drill: ToldDrill, tmp_path: Path) -> None:
    found = asked(drill, tmp_path, "apiserver.sli.p50 < 1s")
    assert found.verdict is Verdict.PASS
    assert found.value is not None
    slow = f'{SLI}_bucket{{verb="LIST",le="+Inf"}}'
    for scrape in drill.scrapes.of(
        SERVER, 10, 100
    ):  # slow ones, which may have been before the phase
        scrape.values[slow] += 10_000
    assert asked(drill, tmp_path, "apiserver.sli.p50 < 5ms").verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("least", "most", "share", "bounds"),
    [
        ({0.1: 10, 1.0: 20}, {0.1: 10, 1.0: 20}, 0.5, (0.1, 0.1)),
        # Ten more that may be in it, all above 0.1 s.
        ({0.1: 10, 1.0: 10}, {0.1: 10, 1.0: 20}, 0.5, (0.05, 0.1)),
        # Ten more that may be in it, all below.
        ({0.1: 0, 1.0: 10}, {0.1: 10, 1.0: 20}, 0.5, (0.1, 0.55)),
    ],
)
def test_the_bounds_of_a_quantile(
    least: dict[float, float],
    most: dict[float, float],
    share: float,
    bounds: tuple[float, float],
) -> None:
    assert quantile_bounds(least, most, share) == pytest.approx(bounds)


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile_bounds({0.1: 0, 1.0: 0}, {0.1: 3, 1.0: 3}, 0.5) is None
    assert quantile_bounds({}, {}, 0.5) is None


def test_a_gauge_is_its_worst_at_any_of_its_scrapes(drill: ToldDrill, tmp_path: Path) -> None:
    [scrape] = drill.scrapes.of(SERVER, 14, 15)
    scrape.values['apiserver_current_inflight_requests{request_kind="readOnly"}'] = 40.0
    found = asked(drill, tmp_path, "apiserver.inflight < 30")
    assert (found.verdict, found.value) == (Verdict.FAIL, 40.0)
    assert asked(drill, tmp_path, "apiserver.inflight < 30", "recovery").verdict is Verdict.PASS


def test_watches_that_were_opened_have_bounds(drill: ToldDrill, tmp_path: Path) -> None:
    found = asked(drill, tmp_path, "apiserver.watch_starts == 0")
    assert (found.verdict, found.value, found.most) == (Verdict.PASS, 0.0, None)


@pytest.mark.parametrize("text", ["apiserver.requests >= 1", "apiserver.watch_starts < 9"])
def test_what_it_did_not_tell_makes_what_needs_it_invalid(
    drill: ToldDrill, tmp_path: Path, text: str
) -> None:
    [scrape] = drill.scrapes.of(SERVER, 14, 15)
    scrape.error = f"{URL} answered 500"
    found = asked(drill, tmp_path, text)
    assert found.verdict is Verdict.INVALID
    assert f"{SERVER}: Prometheus told nothing" in found.reason
    assert "answered 500" in found.reason
    assert asked(drill, tmp_path, text, "recovery").verdict is Verdict.PASS


def test_scrapes_that_are_too_far_apart_bound_nothing(drill: ToldDrill, tmp_path: Path) -> None:
    for scrape in drill.scrapes.of(SERVER, 10, 18):
        drill.scrapes.pages.remove(scrape)
    found = asked(drill, tmp_path, "apiserver.requests >= 1")
    assert found.verdict is Verdict.INVALID
    assert f"{SERVER} was not scraped by Prometheus for 12 s, and is every 3 s" in found.reason


@pytest.mark.parametrize(
    ("begin", "end", "phase"), [(20, 100, "fault"), (-10, 5, "baseline"), (-10, 100, "fault")]
)
def test_an_edge_without_a_scrape_beyond_it_is_not_bounded(
    drill: ToldDrill, tmp_path: Path, begin: float, end: float, phase: str
) -> None:
    for scrape in drill.scrapes.of(SERVER, begin, end):
        drill.scrapes.pages.remove(scrape)
    found = asked(drill, tmp_path, "apiserver.requests >= 1", phase)
    assert found.verdict is Verdict.INVALID
    edge = "end" if begin > 0 else "start"
    assert f"was not scraped by Prometheus at the {edge} of this phase" in found.reason


def test_what_was_counted_before_a_restart_is_not_known(drill: ToldDrill, tmp_path: Path) -> None:
    for scrape in drill.scrapes.of(SERVER, 14, 100):
        scrape.values = {key: value - 1_014 * 30 for key, value in scrape.values.items()}
        del scrape.values[FAILED]
    for text in ("apiserver.errors == 0", "apiserver.watch_starts == 0"):
        found = asked(drill, tmp_path, text)
        assert found.verdict is Verdict.INVALID
        assert (
            f"{SERVER} was started anew, and Prometheus does not tell what it had" in found.reason
        )
    assert asked(drill, tmp_path, "apiserver.errors == 0", "recovery").verdict is Verdict.PASS


def test_a_metric_that_it_dropped_is_not_0(drill: ToldDrill, tmp_path: Path) -> None:
    for scrape in drill.scrapes.pages:
        scrape.values.pop(FAILED, None)
    assert asked(drill, tmp_path, "apiserver.errors == 0").verdict is Verdict.PASS
    found = asked(drill, tmp_path, "apiserver.watch_lists == 0")
    assert found.verdict is Verdict.INVALID
    assert "never said apiserver_watch_list_duration_seconds_count" in found.reason


def test_a_prometheus_of_another_cluster_is_found_out_by_what_the_prober_wrote(
    drill: ToldDrill, tmp_path: Path
) -> None:
    for scrape in drill.scrapes.pages:
        if PUT in scrape.values:
            scrape.values[PUT] = 7.0
    found = asked(drill, tmp_path, "apiserver.inflight < 30")
    assert found.verdict is Verdict.INVALID
    assert "it is asked about another cluster, or about some of the apiservers only" in found.reason


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (False, "Prometheus told nothing when the drill began"),
        (True, "Prometheus scraped no kube-apiserver when the drill began"),
    ],
)
def test_nobody_is_told_of_where_nobody_was_scraped(
    drill: ToldDrill, tmp_path: Path, told: bool, words: str
) -> None:
    drill.told, drill.targets_told = told, []
    found = asked(drill, tmp_path, "apiserver.requests >= 1")
    assert (found.verdict, found.reason) == (Verdict.INVALID, words)


def test_the_verdict_says_who_told_and_how_often(drill: ToldDrill, tmp_path: Path) -> None:
    notes = drill.judged(tmp_path).notes
    assert (
        "kube-apiserver: its metrics are those that Prometheus scraped, every 3 s: what is counted in "
        "a phase is bounded by the scrapes on both sides of its edges"
    ) in notes
    assert f"Prometheus at {URL}: its clock was known to 3 ms when the drill began" in notes
    unproven = "Prometheus told of no apiserver: nothing shows that the rest is of this cluster"
    assert unproven not in notes
    target = ScrapedTarget(
        name="kube-scheduler-i", kind="kube-scheduler", labels={"instance": "i"}, every_s=3
    )
    drill.targets_told = [target]
    assert unproven in drill.judged(tmp_path).notes
