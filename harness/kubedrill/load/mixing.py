"""Load: several profiles as one, each with its share of the arrivals and parameters of its own."""

import random
from abc import abstractmethod
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, count
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from gevent import GreenletExit
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kubedrill.clock import now
from kubedrill.load.profile import load_profile
from kubedrill.load.user import Arrival, KubernetesUser, RequestSeries, Result
from kubedrill.load.user.parameters import Parameters, check
from kubedrill.load.user.recorder import Recording
from kubedrill.load.writing import WritingUser, tell_what_stays
from kubedrill.reading.types import Name
from kubedrill.reading.wrong import in_json
from kubedrill.record.catalogue import Makes, may_create
from kubedrill.record.sample import Outcome
from kubedrill.record.series import PERCENTILES, STATISTICS, load_series
from kubedrill.wire.errors import WireError


class Portion(BaseModel):
    """One profile's portion of a mix."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    profile: str
    """Its name, `mass-list`."""
    name: Name | None = Field(None, alias="as")
    """The name of its series, after the mix's; if it has none, they are called after its profile."""
    weight: float = Field(gt=0, le=1e6)
    """Its arrivals, in relation to those of the others."""
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")


_WHOLE = ("http", "connections", "keep_alive", "max_in_flight")
"""Parameters that a portion cannot have for itself: its arrivals, and connections, are the mix's."""
_INHERITED = ("timeout_s", "retry_after")
"""Parameters that a portion has from the mix, unless it says something else."""

ARRIVALS = RequestSeries("mixed", "MIX", "transaction")
"""Of the mix itself, whoever serves them."""

_MIX = TypeAdapter(tuple[Portion, ...])


def read_mix(text: str) -> tuple[Portion, ...]:
    """Read a mix from JSON; ValueError says what is wrong."""
    try:
        return _MIX.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"mix: {in_json(error)}") from None


_TAKEN = {*STATISTICS, *PERCENTILES, "cpu", "offered", "refused"}
"""What stands after a load's name in objectives, and so is no name of a portion."""
_MOST_SERIES = 254
"""Of all portions: a record has a byte for its series, and two are the mix's own."""


def names_of(portions: Sequence[Portion]) -> list[str]:
    """Return the portions' names, each its own; ValueError says what is wrong with one.

    A portion without one is called after its profile; the second of a profile is `mass-list-2`.
    """
    found: list[str] = []
    unnamed: Counter[str] = Counter()
    for portion in portions:
        name = portion.name
        if name is None:
            unnamed[portion.profile] += 1
            number = unnamed[portion.profile]
            name = portion.profile if number == 1 else f"{portion.profile}-{number}"
        if name in _TAKEN:
            raise ValueError(
                f'mix: as: "{name}" is what objectives ask of a load; take another name'
            )
        if name in found:
            raise ValueError(f'mix: as: two portions are named "{name}"; give each its own')
        found.append(name)
    return found


class Profiles:
    """The profiles of a folder that may be mixed, as parts: none of them is a load of its own."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._users: dict[str, type[KubernetesUser]] = {}
        with KubernetesUser.as_parts():
            for name in names:
                _, user = load_profile(folder / f"{name.replace('-', '_')}.py")
                self._users[name] = user

    def series(self, portions: Sequence[Portion]) -> list[tuple[RequestSeries, ...]]:
        """Return the series of each portion, in their order: first its arrivals."""
        return [
            self._series_of(portion, name)
            for portion, name in zip(portions, names_of(portions), strict=True)
        ]

    def _series_of(self, portion: Portion, name: str) -> tuple[RequestSeries, ...]:
        series = self.user(portion.profile).series
        first = f"{ARRIVALS.name}.{name}" + ("" if portion.name else f".{series[0].name}")
        names = load_series(first, [kind.name for kind in series])
        return tuple(
            RequestSeries(called, kind.verb, "part" if kind.role == "transaction" else kind.role)
            for called, kind in zip(names, series, strict=True)
        )

    def user(self, name: str) -> type[KubernetesUser]:
        """Return a profile's class; ValueError if it cannot be mixed."""
        if name not in self._users:
            raise ValueError(f"mix: {name} is none of {', '.join(self._users)}")
        return self._users[name]

    @property
    def permissions(self) -> dict[str, str]:
        """What all of them together must be allowed to do."""
        return _together(user.permissions for user in self._users.values())

    def permissions_of(self, portions: Sequence[Portion], whole: Parameters) -> dict[str, str]:
        """Return what must be allowed for a mix of these."""
        return _together(
            self.user(portion.profile).permissions_for(self.given(portion, whole))
            for portion in portions
        )

    def makes(self, portions: Sequence[Portion], whole: Parameters) -> Sequence[Makes] | None:
        """Return what all of them make; None where that is not known of one."""
        found: list[Makes] = []
        total = sum(portion.weight for portion in portions)
        for portion in portions:
            made = self.given(portion, whole).makes()
            if made is None and may_create(self.user(portion.profile).permissions):
                return None
            share = portion.weight / total
            found += [part._replace(each=part.each * share) for part in made or ()]
        return found

    def check(self, portions: Sequence[Portion], whole: Parameters) -> None:
        """Raise ValueError if a portion's parameters are wrong, or not possible in a mix of `whole`."""
        for portion in portions:
            self.given(portion, whole)
        if sum(map(len, self.series(portions))) > _MOST_SERIES:
            raise ValueError(f"mix: more than {_MOST_SERIES} series; take fewer portions")

    def given(self, portion: Portion, whole: Parameters) -> Parameters:
        """Return a portion's parameters; ValueError says what is wrong with them."""
        name, given = portion.profile, portion.parameters
        for parameter in _WHOLE:
            if parameter in given:
                raise ValueError(
                    f"{name}: {parameter} holds for the whole mix; give it beside the mix, not within"
                )
        inherited = {parameter: getattr(whole, parameter) for parameter in _INHERITED}
        model = self.user(name).parameters
        try:
            checked = check({**inherited, **given}, model)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if checked.timeout_s > whole.timeout_s:
            raise ValueError(
                f"{name}: timeout_s ({checked.timeout_s:g}) must not be more than the mix's "
                f"({whole.timeout_s:g}), at which an arrival ends"
            )
        return checked


class _PartOfRecorder:
    """A recorder in which a part's series stand behind those of others."""

    def __init__(self, recorder: Recording, offset: int) -> None:
        self._recorder = recorder
        self._offset = offset
        self.counts = recorder.counts

    def add(self, series: int, due: int, started: int, result: Result) -> None:
        """Record one request of the part's series of that index."""
        self._recorder.add(self._offset + series, due, started, result)


class MixedProfile(NamedTuple):
    """One profile at work within a user of the mix."""

    user: KubernetesUser
    recorder: _PartOfRecorder


class MixingParameters(Parameters):
    """What every mix says of itself."""

    @property
    @abstractmethod
    def portions(self) -> tuple[Portion, ...]:
        """What is mixed."""


def _together(permissions: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the permissions of several profiles as those of one."""
    found: dict[str, set[str]] = defaultdict(set)
    for resource, verbs in (each for known in permissions for each in known.items()):
        found[resource].update(verbs.split(", "))
    return {resource: ", ".join(sorted(verbs)) for resource, verbs in found.items()}


class Mixing(KubernetesUser):
    """Hands each arrival to one of its parts, at random by their weights."""

    abstract = True
    profiles: ClassVar[Profiles]
    _numbers: ClassVar[dict[int, "count[int]"]] = defaultdict(count)

    def on_start(self) -> None:
        """Take part in the load."""
        super().on_start()
        tell_what_stays(self)

    @classmethod
    def series_for(cls, given: Parameters) -> tuple[RequestSeries, ...]:
        """Return the arrivals' series, then those of each portion."""
        assert isinstance(given, MixingParameters)
        return (*cls.series, *chain.from_iterable(cls.profiles.series(given.portions)))

    def prepare(self) -> None:
        """Prepare every portion."""
        assert isinstance(self.given, MixingParameters)
        portions = self.given.portions
        lengths = map(len, self.profiles.series(portions))
        offsets = accumulate(lengths, initial=len(self.series))
        self._parts = [
            self._part(number, *placed)
            for number, placed in enumerate(zip(portions, offsets, strict=False))
        ]
        self._until = list(accumulate(portion.weight for portion in portions))
        self._random = random.Random(self.number)  # noqa: S311 - shares, not secrets

    def transact(self, arrival: Arrival) -> Result:
        """Let one part serve the arrival."""
        at = self._random.random() * self._until[-1]
        part = self._parts[bisect_right(self._until, at)]
        arrival.deadline = min(arrival.deadline, arrival.started + part.user.timeout)
        try:
            result = part.user.transact(arrival)
        except WireError as error:
            result = Result.failed(error)
        except GreenletExit:
            cut = Result(Outcome.CUT, 0, now(), 0)
            part.recorder.add(0, arrival.due, arrival.started, cut)
            raise
        part.recorder.add(0, arrival.due, arrival.started, result)
        return result

    def _part(self, number: int, portion: Portion, offset: int) -> MixedProfile:
        kind = self.profiles.user(portion.profile)
        recorder = _PartOfRecorder(self._recorder, offset)
        user = kind.part_of(self, self.profiles.given(portion, self.given), recorder)
        if isinstance(user, WritingUser):
            # Objects of its own, numbered from 0 on, whatever the other parts make.
            user.stem = f"{self.process.session.load[:16]}-{number}"
            user.numbers = self._numbers[number]
        user.prepare()
        return MixedProfile(user, recorder)
