"""Judge: whether what the API acknowledged stayed, whether quorum reads were fresh and watches whole.

Linearizability of single keys by their versions: those of one etcd are ordered as its writes were. A write of
which nobody knows what became may have happened, and then is a write as any other.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kubedrill.judge.watched_keys import Segment, is_behind, reached, segments
from kubedrill.record.audit import AnyAuditLine, Listed, Looked, Told, Wrote
from kubedrill.record.verdict import Violation

KeyVersion = tuple[str, int]
"""A key and one of its versions."""


_DID = {"wrote": "'s write", "looked": " read", "listed": " listed", "told": " was told of"}


@dataclass(frozen=True, slots=True)
class Show:
    """That a line shows a key at a version."""

    line: Wrote | Looked | Listed | Told
    key: str
    version: int
    value: str
    began: int | None
    """When a quorum read of it began, monotonic ns; None of what may rightly be behind."""

    @property
    def words(self) -> str:
        """Return it in words: `apiserver-b read version 12, "x/3"`."""
        who = f"{self.line.client}{_DID[self.line.what]}"
        return f'{who} version {self.version}, "{self.value}"'


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the audit of a drill."""

    violations: tuple[Violation, ...] = ()
    unproven: tuple[Wrote, ...] = ()
    """Acknowledged, and neither seen again nor proven to be lost: nobody could look in time."""


@dataclass(frozen=True, slots=True)
class History:
    """The lines of an audit, by what they say of each key."""

    writes: Mapping[tuple[str, str], Wrote]
    """By key and value."""
    shows: tuple[Show, ...]
    """What was read and told, in the order of time; acknowledgements are not among them."""
    segments: tuple[Segment, ...]
    places: Mapping[KeyVersion, Show] = field(default_factory=dict)
    """What was shown first of each."""
    replaced: frozenset[KeyVersion] = frozenset()
    """On condition of which a later write was done: they stood there."""

    @classmethod
    def of(cls, lines: Sequence[AnyAuditLine]) -> "History":
        """Return the history that the lines tell."""
        wrote = [line for line in lines if isinstance(line, Wrote)]
        shows = tuple(show for line in lines for show in _shows(line))
        places: dict[KeyVersion, Show] = {}
        for show in shows:
            places.setdefault((show.key, show.version), show)
        return cls(
            {(line.key, line.value): line for line in wrote},
            shows,
            tuple(segments(lines)),
            places,
            frozenset((line.key, line.base) for line in wrote if line.happened),
        )

    @property
    def acknowledged(self) -> list[Wrote]:
        """The writes that were, in the order of time."""
        return [write for write in self.writes.values() if write.happened]


def check(lines: Sequence[AnyAuditLine]) -> Checked:
    """Return what the lines of an audit prove to be wrong, in the order of time."""
    history = History.of(lines)
    lost, unproven = _lost(history)
    gone = {(violation.key, violation.version) for violation in lost}
    real = [write for write in history.acknowledged if (write.key, write.version) not in gone]
    violations = [
        *lost,
        *_values(history),
        *_acknowledgements(history),
        *_stale(history, real),
        *_watches(history, real),
    ]
    return Checked(tuple(sorted(violations, key=lambda violation: violation.time)), tuple(unproven))


def _shows(line: AnyAuditLine) -> Iterator[Show]:
    match line:
        case Looked(version=version) if version:
            began = None if line.cached else line.began
            yield Show(line, line.key, version, line.value, began)
        case Listed():
            for key, (version, value) in line.keys.items():
                yield Show(line, key, version, value, line.began)
        case Told(kind="ADDED" | "MODIFIED"):
            yield Show(line, line.key, line.version, line.value, None)


def _acknowledged(write: Wrote) -> Show:
    return Show(write, write.key, write.version, write.value, None)


def _violation(kind: str, this: Show, words: str, *others: AnyAuditLine) -> Violation:
    return Violation(
        kind=kind,
        time=this.line.time,
        key=this.key,
        version=this.version,
        words=f"{this.words}, {words}",
        lines=sorted({line.number + 1 for line in (this.line, *others)}),
    )


def _lost(history: History) -> tuple[list[Violation], list[Wrote]]:
    """Return the acknowledged writes that were not done, and those of which nobody can say."""
    lost, unproven = [], []
    for write in history.acknowledged:
        place = (write.key, write.version)
        if place in history.places or place in history.replaced:
            continue
        behind = next(
            (
                show
                for show in history.shows
                if show.key == write.key
                and show.began is not None
                and show.began >= write.time
                and show.version < write.version
            ),
            None,
        )
        passed = next((part for part in history.segments if part.passed(write.version)), None)
        this = _acknowledged(write)
        if behind is not None:
            lost.append(_violation("lost write", this, f"and then {behind.words}", behind.line))
        elif passed is not None:
            words = f"and no watch was told of it; {passed.client}'s went on behind it"
            lost.append(_violation("lost write", this, words, passed.opened))
        else:
            unproven.append(write)
    return lost, unproven


def _values(history: History) -> Iterator[Violation]:
    """Yield what was shown and cannot be there: values that nobody wrote, and two for one version."""
    acknowledged = {(write.key, write.version): write for write in history.acknowledged}
    begun = _first_bases(history.writes.values())
    for show in history.shows:
        place = (show.key, show.version)
        write, first = history.writes.get((show.key, show.value)), history.places[place]
        known = acknowledged.get(place)
        if known is not None and known.value != show.value:
            other = _acknowledged(known)
            yield _violation("two values", show, f"though {other.words} has it", known)
        elif first.value != show.value:
            yield _violation("two values", show, f"though {first.words}", first.line)
        elif write is not None and write.happened is False:
            yield _violation("refused write", show, "though that write was refused", write)
        elif write is None and show.version > begun.get(show.key, show.version):
            yield _violation("foreign value", show, "which the auditor never wrote")
        elif write is not None and write.happened and write.version != show.version:
            other = _acknowledged(write)
            yield _violation("two versions", show, f"though {other.words} is the same", write)


def _first_bases(writes: Iterable[Wrote]) -> dict[str, int]:
    """Return from which version on each key is the auditor's own."""
    bases: dict[str, int] = {}
    for write in writes:
        bases.setdefault(write.key, write.base)
    return bases


def _acknowledgements(history: History) -> Iterator[Violation]:
    """Yield the acknowledgements that cannot be: of a version that is no new one."""
    given: dict[KeyVersion, Wrote] = {}
    for write in history.acknowledged:
        this = _acknowledged(write)
        earlier = given.setdefault((write.key, write.version), write)
        if earlier is not write:
            words = f"as {_acknowledged(earlier).words} was before it"
            yield _violation("two values", this, words, earlier)
        elif write.version <= write.base:
            yield _violation("no new version", this, f"and replaced version {write.base}")


def _stale(history: History, real: Sequence[Wrote]) -> Iterator[Violation]:
    """Yield the quorum reads that show less than was known to all before they began."""
    known: dict[str, list[Show]] = defaultdict(list)
    of_all = [*map(_acknowledged, real), *history.shows]
    for show in sorted(of_all, key=lambda show: show.line.time):
        newest = known[show.key][-1].version if known[show.key] else 0
        if show.version > newest:
            known[show.key].append(show)
    times = {key: [show.line.time for show in shows] for key, shows in known.items()}
    for show in history.shows:
        if show.began is None:
            continue
        before = bisect_left(times[show.key], show.began)
        newest_known = known[show.key][before - 1] if before else show
        if newest_known.version > show.version:
            words = f"though before it began {newest_known.words}"
            yield _violation("stale read", show, words, newest_known.line)


def _watches(history: History, real: Sequence[Wrote]) -> Iterator[Violation]:
    """Yield where a watch left something out, told it twice, or told it out of order."""
    told: dict[str, set[KeyVersion]] = defaultdict(set)
    for part in history.segments:
        yield from _events(part, told[part.client])
    there = dict(history.places)
    for write in real:
        there.setdefault((write.key, write.version), _acknowledged(write))
    for part in history.segments:
        for (key, version), show in there.items():
            if part.passed(version) and (key, version) not in told[part.client]:
                yield _gap(part, show)


def _events(part: Segment, told: set[KeyVersion]) -> Iterator[Violation]:
    """Yield what one watch told that it should not have; `told`: what the client's were told, this added."""
    for event, point in part.events:
        show = Show(event, event.key, event.version, event.value, None)
        place = (event.key, event.version)
        if event.kind == "DELETED":
            yield _violation("foreign value", show, "and that it was deleted: not by the auditor")
        elif place in told:
            yield _violation("duplicate event", show, "a second time", part.opened)
        elif is_behind(event, point):
            words = f"after version {reached(point)}"
            yield _violation("event out of order", show, words, point)
        told.add(place)


def _gap(part: Segment, show: Show) -> Violation:
    """Return that a watch went on behind what it never told."""
    passing = part.passing(show.version)
    words = f"of which {part.client}'s watch was not told before version {passing.version}"
    missing = _violation("watch gap", show, words, passing)
    return missing.model_copy(update={"time": passing.time})
