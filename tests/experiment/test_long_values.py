"""What somebody wrote is repeated in part only, wherever in a file it stands."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment
from kubedrill.reading.problems import Location, dotted

Read = Callable[..., Experiment]
LONGEST = 500
"""Characters of a line of a message, without the file's path: two values repeated, and what is known."""
LONG = ["x" * 5000, "y " * 2500, "9" * 5000 + "s", "1" * 5000 + "/s"]

EVERYTHING = yaml.safe_load(
    """
title: t
why: w
claim: 3
cluster: local-3az
seed: {pods: 1, secrets: 2, customs: 3}
load:
  - {profile: mass-list, as: list, rate: 10/s, spacing: poisson, burst: 3, phases: [baseline],
     processes: 2, with: {resource: pods, encoding: json, limit: 3, share: 0.5}}
  - {profile: mass-list, as: loop, closed_loop: {clients: 3, pause: 1s}, with: {resource: pods}}
  - {profile: mass-list, as: ramp, rate: {ramp: {from: 1/s, to: 2/s, over: 3s}}, with: {resource: pods}}
  - {profile: mass-list, as: steps, rate: {steps: {rates: [1/s, 2/s], each: 3s}}, with: {resource: pods}}
  - {profile: mass-list, as: spike, rate: {spike: {base: 1/s, peak: 2/s, at: 3s, for: 1s}},
     with: {resource: pods}}
  - {profile: mass-list, as: recorded, rate: {recorded: {file: none.csv, scale: 2}}, with: {resource: pods}}
  - {profile: mass-list, as: points, rate: {points: [[0s, 1/s], [1s, 2/s]]}, with: {resource: pods},
     workers: {expect: 2, bind: 'h:1', max_wait: 3s}}
phases: {baseline: 10s, fault: 20s}
faults:
  - {etcd.kill: {member: [a], allow_quorum_loss: false}, phase: fault, at: 1s, for: 2s}
abort: [availability < 50% for 5s]
slos:
  baseline: [list.p99 < 1s, list.rate >= 99% of offered]
  fault: [eventually(etcd.leaders == 1) within 5s]
probing: {deadline: 1s, rates: {fresh: 1/s, kept: 1/s, apiserver: 1/s, victim: 1/s, stale: 1/s}}
scraping: {apiserver: 1s, etcd: 1s, controllers: 1s, resources: 1s}
headroom: none
"""
)


def places(value: Any, here: Location = ()) -> Iterator[Location]:
    """Yield the way to each value that is not made of others."""
    if not isinstance(value, dict | list):
        yield here
        return
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        yield from places(inner, (*here, step))


def parent(value: Any, place: Location) -> Any:
    for step in place[:-1]:
        value = value[step]
    return value


PLACES = list(places(EVERYTHING))


def lines(reading: Read, value: Any) -> list[str]:
    """Return what is said of a file."""
    with pytest.raises(NotStarted) as caught:
        reading(yaml.safe_dump(value, sort_keys=False, width=10**6))
    path = str(getattr(caught.value, "path", ""))
    return [line.replace(path, "x.yaml") for line in str(caught.value).splitlines()]


def check_lengths(said: list[str]) -> None:
    assert said
    assert max(map(len, said)) <= LONGEST, max(said, key=len)


@pytest.mark.parametrize("place", PLACES, ids=dotted)
def test_as_values(reading: Read, place: Location) -> None:
    for long in LONG:
        value = copy.deepcopy(EVERYTHING)
        parent(value, place)[place[-1]] = long
        check_lengths(lines(reading, value))


@pytest.mark.parametrize("place", sorted({place[:-1] for place in PLACES}, key=str), ids=dotted)
def test_as_keys(reading: Read, place: Location) -> None:
    for long in LONG:
        value = copy.deepcopy(EVERYTHING)
        around = parent(value, (*place, ""))
        if isinstance(around, dict):
            around[long] = around.popitem()[1]
            check_lengths(lines(reading, value))


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize(
    "text", ["{}", "{} < 1s", "list.{} < 1s", "list.p99 {} 1s", "list.p99 < {}"]
)
@pytest.mark.parametrize("around", ["{}", "eventually({}) within 1s", "eventually(x) within {}"])
def test_within_objectives(reading: Read, long: str, text: str, around: str) -> None:
    for letters in (150, 5000):
        value = copy.deepcopy(EVERYTHING)
        value["slos"]["baseline"] = [around.format(text.format(long[:letters].strip()))]
        check_lengths(lines(reading, value))


ACTIONS = [
    {"type": LONG[0], "name": "n", "provider": {"type": "process", "path": "ls"}},
    {"type": "action", "name": "n", "provider": {"type": LONG[0], "path": "ls"}},
    {"type": "action", "name": "n", "provider": {"type": "process", "path": LONG[0]}},
    {"type": "action", "name": "n", "provider": {"type": "process", "path": "ls", LONG[0]: 1}},
    {"type": "action", "name": "n", "provider": {"type": "python", "module": LONG[0], "func": "f"}},
    {
        "type": "action",
        "name": "n",
        "provider": {"type": "python", "module": "colorsys", "func": LONG[0]},
    },
    {
        "type": "action",
        "name": "n",
        "provider": {
            "type": "python",
            "module": "os",
            "func": "kill",
            "arguments": {LONG[0]: 1},
        },
    },
    {"type": "action", "name": "n", "provider": {"type": "http", "url": LONG[0]}},
    {
        "type": "action",
        "name": "n",
        "provider": {"type": "http", "url": "http://h", "timeout": LONG[0]},
    },
    {LONG[0]: "action", "name": LONG[0], "provider": LONG[0]},
]


def test_within_activities(reading: Read) -> None:
    value = copy.deepcopy(EVERYTHING)
    entries = [{"activity": action, "rollback": None, "rights": []} for action in ACTIONS]
    entries.append({**entries[0], "rights": [{LONG[0]: [], "verbs": LONG[0]}]})
    value["faults"] = entries
    said = lines(reading, value)
    check_lengths(said)
    assert len(said) >= len(ACTIONS)
