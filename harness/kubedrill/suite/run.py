"""Suite: play its drills, one after the other, each when its gates are open: `kubedrill suite FILE`."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from kubedrill import notifying
from kubedrill import run as drills
from kubedrill.compare import run as comparisons
from kubedrill.compare.arms import Comparison
from kubedrill.errors import NotStarted
from kubedrill.order import Leavings, writing_to
from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Judged, Verdict
from kubedrill.report.files import asked_for, write_all
from kubedrill.signals import Interrupted, Signals
from kubedrill.suite.console import print_verdict
from kubedrill.suite.gates import Gatekeeper
from kubedrill.suite.judging import WRITERS, report_on
from kubedrill.suite.read import Suite, WantedDrill
from kubedrill.suite.record import FOLDER, KILLED_IN_IT, SuiteRecord, outcome
from kubedrill.suite.verdict import SuiteReport
from kubedrill.undo.registry import reminder


class SuiteEnds(Exception):  # noqa: N818 - an event of the suite
    """No more drills are played; says why."""


def run(suite: Suite, leaves: Leavings, console: Console) -> SuiteReport:
    """Play a suite and return the verdict on all of it; NotStarted if nothing was started.

    What a drill leaves behind, a gate that stays closed, and a signal end it; what was played until then
    stands in its run folders.
    """
    signals = Signals()
    signals.install()
    check(suite, leaves)
    with writing_to(leaves.reports):
        folder = RunFolder.create_empty(leaves.reports.resolve() / FOLDER, suite.name)
        record = SuiteRecord.of(suite)
        record.write(folder)
    playing = SuitePlay(suite, leaves, console, signals, folder, record)
    try:
        playing.play()
    except SuiteEnds as end:
        return playing.conclude(str(end))
    return playing.conclude("")


def check(suite: Suite, leaves: Leavings) -> None:
    """Check all that can be checked before the first drill; NotStarted says of each what is wrong."""
    if left := reminder():
        raise NotStarted(left)
    notifying.check(suite.notify)
    wrong = []
    for drill in suite.drills:
        try:
            drill.check(leaves)
        except NotStarted as error:
            wrong.append(str(error))
    if wrong:
        raise NotStarted("\n".join(wrong))


@dataclass(slots=True)
class SuitePlay:
    """A suite while it is played."""

    suite: Suite
    leaves: Leavings
    console: Console
    signals: Signals
    folder: RunFolder
    record: SuiteRecord

    def play(self) -> None:
        """Play every drill whose gates open; SuiteEnds where no more are to be played."""
        for number, drill in enumerate(self.suite.drills, 1):
            heading = f"{number} of {len(self.suite.drills)}: {drill.name}"
            self.console.rule(Text(heading), style="dim")
            if self._may_begin(drill):
                self._play(drill)

    def conclude(self, why: str) -> SuiteReport:
        """Write record and reports, show the verdict, and tell who wants to know."""
        self.record = self.record.closed(why)
        self.record.write(self.folder)
        report = report_on(self.folder, self.record)
        writers = asked_for(WRITERS, self.leaves.page)
        for unwritten in write_all(self.folder, report, writers):
            self.console.print(unwritten, style="bold red")
        print_verdict(report, self.folder, self.console)
        words = {drill.name: drill.word for drill in report.drills}
        told = notifying.ToldOutcome("suite-ended", report, self.folder.path, words)
        notifying.notify(self.suite.notify, told, self.console.print)
        return report

    def _may_begin(self, drill: WantedDrill) -> bool:
        """Whether a drill's gates are open; SuiteEnds if they are not, and the suite stops then."""
        keeper = Gatekeeper(self.leaves.reports.resolve(), self.signals, self.console.print)
        try:
            closed = keeper.closed(drill)
        except Interrupted as interrupted:
            raise SuiteEnds(f"interrupted by {interrupted}") from None
        if not closed:
            return True
        words = "; ".join(closed)
        self.console.print(f"{drill.name} is not played: {words}", style="bold yellow")
        if drill.gates.otherwise == "stop":
            raise SuiteEnds(f"the gates of {drill.name} were closed: {words}")
        self._note(drill, state="skipped", why=words)
        return False

    def _play(self, drill: WantedDrill) -> None:
        """Play a drill, and note what came of it; SuiteEnds if the suite must not, or is not to, go on."""
        begun = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._note(drill, state="begun", begun=begun, why=KILLED_IN_IT)
        try:
            report = self._played(drill)
        except NotStarted as error:
            self.console.print(f"not started: {error}", style="bold yellow")
            self._note(drill, state="refused", why=str(error))
            failed = True
        else:
            self._note(drill, **outcome(report))
            failed = report.verdict is not Verdict.PASS
        if self.signals.received:
            raise SuiteEnds(f"interrupted by {self.signals.received}")
        if left := reminder():
            raise SuiteEnds(f"something was left over: {left}")
        if failed and self.suite.stops_after_failure:
            raise SuiteEnds(f"{drill.name} was no PASS, after which the suite stops")

    def _played(self, drill: WantedDrill) -> Judged:
        if isinstance(drill.plays, Comparison):
            return comparisons.run(drill.plays, self.leaves, self.console, self.signals)
        order = drill.order(self.leaves)
        assert order is not None  # it is no comparison
        return drills.run(order, self.console, self.signals)

    def _note(self, drill: WantedDrill, **known: object) -> None:
        self.record = self.record.having(drill.name, **known)
        self.record.write(self.folder)
