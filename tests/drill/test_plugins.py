"""A drill on somebody else's cluster, where a program says who we are; activities are played there."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from commanding import kubedrill
from drills import Drills, reasons
from namespace_activity import makes

from kubedrill.cluster.adopted.adopting import file_of, look_at

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

NAME, MADE = "by-plugin", "made-by-an-activity"
_PLUGIN = """\
#!{python}
import datetime, json, pathlib
asked = pathlib.Path({asked!r})
asked.open("a").write("asked\\n")
if pathlib.Path({broken!r}).exists():
    raise SystemExit("the session has expired: log in again")
soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=20)
status = dict(token={token!r}, expirationTimestamp=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
print(json.dumps(dict(
    apiVersion="client.authentication.k8s.io/v1", kind="ExecCredential", status=status)))
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    with somebodys("plugged", tmp_path_factory.mktemp("plugged")) as cluster:
        cluster.allow(everything())
        yield cluster


@pytest.fixture
def by_plugin(theirs: Theirs, project: Path, tmp_path: Path) -> Path:
    """Adopt it by a kubeconfig whose user is a program; return the folder in which that notes."""
    config = json.loads(theirs.kubeconfig.read_text(encoding="utf-8"))
    [user] = config["users"]
    plugin = tmp_path / "who"
    asked, broken = str(tmp_path / "asked"), str(tmp_path / "broken")
    text = _PLUGIN.format(
        python=sys.executable, asked=asked, broken=broken, token=user["user"]["token"]
    )
    plugin.write_text(text, encoding="utf-8")
    plugin.chmod(0o700)
    version = "client.authentication.k8s.io/v1"
    user["user"] = {"exec": {"apiVersion": version, "command": str(plugin)}}
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(json.dumps(config), encoding="utf-8")
    file = file_of(look_at(str(kubeconfig), CONTEXT), str(kubeconfig))
    (project / "clusters" / f"{NAME}.yaml").write_text(file, encoding="utf-8")
    return tmp_path


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_a_plugin_is_asked_and_an_activity_is_played(
    drill: Drills, theirs: Theirs, by_plugin: Path
) -> None:
    running = drill("activity", {"cluster": NAME, "faults": [makes(MADE)]})
    running.wait_for_phase("fault")
    running.wait_for(
        "the namespace is made",
        lambda: theirs.call("GET", f"/api/v1/namespaces/{MADE}")[0] == 200,
    )
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert theirs.there() == set()
    assert len((by_plugin / "asked").read_text(encoding="utf-8").splitlines()) > 1
    assert "token" not in yaml.safe_dump(verdict)


def test_what_a_plugin_says_is_told(project: Path, theirs: Theirs, by_plugin: Path) -> None:
    (by_plugin / "broken").touch()
    done = kubedrill("cluster", "inspect", NAME, cwd=project)
    assert done.returncode == 3
    assert "context theirs" in done.stderr
