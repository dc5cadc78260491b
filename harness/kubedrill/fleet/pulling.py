"""Fleet: the pulls of one process's nodes, on links that they share with those of the other processes."""

import heapq
from itertools import count
from pathlib import Path

import gevent
from gevent.event import Event

from kubedrill.clock import SECOND, now
from kubedrill.fleet.links import merged, rates, size_of
from kubedrill.record.fleet import Images
from kubedrill.record.fleet_lines import Loading, PullAccount
from kubedrill.record.lines import BadEvidence, read_whole

TICK_S = 0.1
"""So often processes look what the others' nodes pull: by so much the shares of a link may be out of date."""


class Tally:
    """What a process's nodes pull, for the others to know, and what theirs do."""

    def __init__(self, folder: Path, run: str, name: str, others: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._run = run
        self._file = folder / f"{name}.json"
        self._others = [folder / f"{other}.json" for other in others]
        self._told: dict[str, Loading] | None = None

    def tell(self, loading: dict[str, Loading]) -> None:
        """Write it down where it has changed; a crash may lose it, as it loses what it is about."""
        if loading != self._told:
            self._told = loading
            written = self._file.with_suffix(".new")
            written.write_text(
                PullAccount(run=self._run, images=loading).model_dump_json(), "utf-8"
            )
            written.replace(self._file)

    def others(self) -> list[dict[str, Loading]]:
        """Return what each of the others says."""
        found = []
        for file in self._others:
            try:
                told = read_whole(file, PullAccount)
            except BadEvidence:
                continue  # its nodes have pulled nothing yet
            if told.run == self._run:
                found.append(told.images)
        return found


class Swarm:
    """Those that pull one image, all at the same rate: so that what each has got is one number."""

    __slots__ = ("_ends", "_given_up", "_got", "_numbers", "pulling", "rate", "whole")

    def __init__(self) -> None:
        self.pulling = self.whole = 0
        self.rate = 0.0
        """Bytes a second, each."""
        self._got = 0.0  # bytes since the first began, of one that has pulled all the time
        self._ends: list[tuple[float, int, Event]] = []
        self._given_up: set[int] = set()
        self._numbers = count()

    def begin(self, size: float) -> tuple[int, Event]:
        """Begin to pull so many bytes; return what it is called, and what is set when they are there."""
        number, done = next(self._numbers), Event()
        heapq.heappush(self._ends, (self._got + size, number, done))
        self.pulling += 1
        return number, done

    def give_up(self, number: int) -> None:
        """Pull it no more."""
        self._given_up.add(number)
        self.pulling -= 1

    def pass_by(self, seconds: float) -> None:
        """Let so much time pass; those end that have got all by then."""
        self._got += self.rate * seconds
        # A billionth of a byte is lost when such numbers are added.
        while self._ends and self._ends[0][0] <= self._got + 1e-3:
            _, number, done = heapq.heappop(self._ends)
            if number in self._given_up:
                self._given_up.discard(number)
            else:
                self.pulling -= 1
                done.set()

    @property
    def ends_in_s(self) -> float:
        """In how many seconds the next one ends, if nothing changes."""
        return (self._ends[0][0] - self._got) / self.rate if self._ends and self.rate else TICK_S


class Pulls:
    """All that the nodes of a process pull."""

    def __init__(self, images: Images, account: Tally) -> None:
        self.images = images
        self._account = account
        self._swarms: dict[str, Swarm] = {}
        self._at = now()
        self._changed = Event()

    @property
    def pulling(self) -> int:
        """How many images are being pulled, each by each node."""
        return sum(swarm.pulling for swarm in self._swarms.values())

    def load(self, image: str) -> None:
        """Return when an image has come to a node as far as its containers need it to start."""
        swarm = self._swarm(image)
        self._let_pass()
        number, done = swarm.begin(size_of(image, self.images) * self.images.loaded)
        self._share()
        self._changed.set()
        try:
            done.wait()
        finally:
            if not done.is_set():
                swarm.give_up(number)

    def keep(self, image: str, nodes: int) -> None:
        """Take that so many more nodes that are up have an image."""
        self._swarm(image).whole += nodes
        self._changed.set()

    def run(self) -> None:
        """Let time pass for those that pull, and tell the other processes, for ever."""
        while True:
            soonest = min((each.ends_in_s for each in self._swarms.values()), default=TICK_S)
            self._changed.wait(min(max(soonest, 0.0), TICK_S) if self.pulling else None)
            self._changed.clear()
            self._look()

    def _look(self) -> None:
        self._let_pass()
        self._account.tell(self._loading())
        self._share()
        gevent.sleep(0)  # those that ended go on, and may begin to pull another

    def _let_pass(self) -> None:
        at = now()
        for swarm in self._swarms.values():
            swarm.pass_by((at - self._at) / SECOND)
        self._at = at

    def _share(self) -> None:
        shares = rates(self.images, merged([self._loading(), *self._account.others()]))
        for image, swarm in self._swarms.items():
            swarm.rate = shares.get(image, 0.0)

    def _loading(self) -> dict[str, Loading]:
        return {image: Loading(each.pulling, each.whole) for image, each in self._swarms.items()}

    def _swarm(self, image: str) -> Swarm:
        return self._swarms.setdefault(image, Swarm())
