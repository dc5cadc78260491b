"""docs/your-own-series.md: a module from outside, named in one place, is found by who needs its series."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from commanding import kubedrill as command_of_its_own
from judged_drill import JudgedDrill

from kubedrill.judge.measuring import MEASURERS
from kubedrill.record.series import BUILT_IN, Series, declare

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "your-own-series.md").read_text(encoding="utf-8")
[CODE] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[POINTS] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
[SLOS] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
[ASKED] = yaml.safe_load(SLOS)["slos"]["baseline"]
SHIPPED = TOP / "experiments" / "etcd-member-kill.yaml"
ASK = ("--set", f"slos={{baseline: [{ASKED}]}}")

Kubedrill = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a distribution that names a module of measurers."""
    [group] = re.findall(r'entry-points."(.*)"', POINTS)
    point = POINTS.splitlines()[1].replace('"', "")
    installed = tmp_path / "site" / "quorum_spare-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: quorum-spare\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[{group}]\n{point}\n")
    (tmp_path / "site" / "quorum_spare.py").write_text(CODE)
    return tmp_path / "site"


@pytest.fixture
def kubedrill(site: Path) -> Kubedrill:
    def call(*words: str, own: bool = True) -> "subprocess.CompletedProcess[str]":
        return command_of_its_own(*words, **({"PYTHONPATH": str(site)} if own else {}))

    return call


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose objective is on it."""
    with patch.dict(MEASURERS), patch.dict(BUILT_IN):
        exec(compile(CODE, "quorum_spare.py", "exec"), {})
        return JudgedDrill(objectives=[("baseline", ASKED)]).write(tmp_path).path


def judged(kubedrill: Kubedrill, run: Path, own: bool = True) -> dict[str, object]:
    [objective] = json.loads(kubedrill("judge", "--json", str(run), own=own).stdout)["objectives"]
    return dict(objective)


def test_it_may_be_asked_for_and_is_said_in_words(kubedrill: Kubedrill) -> None:
    assert kubedrill("validate", str(SHIPPED), *ASK).returncode == 0
    said = " ".join(kubedrill("plan", str(SHIPPED), *ASK).stdout.split())
    assert "members of etcd that may be lost before its quorum is" in said
    without = kubedrill("validate", str(SHIPPED), *ASK, own=False)
    assert (without.returncode, without.stderr.count("unknown series")) == (3, 1)


def test_it_is_measured_where_it_is_known(kubedrill: Kubedrill, run: Path) -> None:
    assert (judged(kubedrill, run)["value"], judged(kubedrill, run)["verdict"]) == (1.0, "PASS")
    without = judged(kubedrill, run, own=False)
    assert (without["value"], without["verdict"]) == (None, "INVALID")
    assert without["reason"] == "nothing measures quorum.spare"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("import Measured", "import Mesured", "ImportError: cannot import name 'Mesured'"),
        ("declare(\n", "raise SystemExit(7)\ndeclare(\n", "SystemExit: 7"),
        ('"quorum.spare"', '"etcd.fsync"', "there is a series etcd.fsync already"),
        ('"quorum.spare"', '"Quorum"', '"Quorum" cannot name a series'),
        ('"min": "1"', '"least": "1"', "quorum.spare: no statistic least; did you mean"),
        ('"min": "1"', '"min": "byte"', 'quorum.spare: no unit byte; did you mean "bytes"?'),
        ('kind="gauge"', 'kind="gauges"', 'quorum.spare: no kind gauges; did you mean "gauge"?'),
        ('@measures("quorum")', '@measures("probes")', "probes has a measurer already"),
    ],
)
def test_what_is_wrong_with_it_hinders_only_who_may_mean_it(
    kubedrill: Kubedrill, site: Path, old: str, new: str, why: str
) -> None:
    assert old in CODE
    (site / "quorum_spare.py").write_text(CODE.replace(old, new))
    assert kubedrill("validate", str(SHIPPED)).returncode == 0
    other = "--set", "slos={baseline: [nix.p99 < 1s]}"
    done = kubedrill("validate", str(SHIPPED), *other)
    assert done.returncode == 3
    assert "(quorum_spare: no measurer, see docs/your-own-series.md: " in done.stderr
    assert why in done.stderr


@pytest.fixture
def declared() -> Iterator[None]:
    with patch.dict(BUILT_IN):
        yield


@pytest.mark.usefixtures("declared")
def test_a_name_of_several_words_may_be_declared() -> None:
    declare(Series("my-queue.wait_time.deep", {"p99": "s"}, "what waits", "histogram", "queue"))
    assert "my-queue.wait_time.deep" in BUILT_IN
