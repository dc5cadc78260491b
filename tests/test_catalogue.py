"""The way of an experiment file down the layers, from its text to a schedule."""

import sys
import tomllib
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import kubedrill
from kubedrill.catalogue import read_experiment
from kubedrill.clock import ClockPair
from kubedrill.experiment import schedule

TOP = Path(__file__).parents[1]
PACKAGE = f"{Path(kubedrill.__file__).parent}/"
MOST_UP = 4


def levels() -> dict[str, int]:
    """Return how high each room of the package stands, as its import contract says."""
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (
        contract["layers"]
        for contract in contracts["contracts"]
        if contract.get("containers") == ["kubedrill"]
    )
    return {
        name.strip(): height
        for height, layer in enumerate(reversed(layers))
        for name in layer.split("|")
    }


class Climbs:
    """Counts the calls from a lower to a higher layer, whoever stands between them."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.calls = 0
        self._levels = levels()

    def _level(self, code: CodeType) -> int | None:
        inside = code.co_filename.startswith(PACKAGE)
        room = code.co_filename.removeprefix(PACKAGE).partition("/")[0].removesuffix(".py")
        return self._levels[room] if inside else None

    def see(self, frame: FrameType, event: str, _: Any) -> None:
        """Take note of a call, as sys.setprofile tells of it."""
        callee, caller = self._level(frame.f_code), frame.f_back
        while caller is not None and self._level(caller.f_code) is None:
            caller = caller.f_back
        if event != "call" or callee is None or caller is None:
            return
        self.calls += 1
        if callee > (self._level(caller.f_code) or 0):
            self.found[f"{caller.f_code.co_qualname} -> {frame.f_code.co_qualname}"] += 1


def test_a_file_goes_down_the_layers_and_hardly_ever_up() -> None:
    file = TOP / "experiments" / "etcd-member-kill.yaml"
    read_experiment(file)  # what it imports calls, too, and is no part of the way
    climbs = Climbs()
    sys.setprofile(climbs.see)
    try:
        experiment, _ = read_experiment(file)
        schedule(experiment, "x", "run", ClockPair(5, 6, "boot"), 0)
    finally:
        sys.setprofile(None)
    assert climbs.calls > 1_000
    assert climbs.found.total() <= MOST_UP, climbs.found
