"""The flags that a cluster's file may give a component: what is refused, and why."""

import json
from pathlib import Path

import pytest

from kubedrill.cluster import load_definition
from kubedrill.cluster.local import flags
from kubedrill.cluster.local.binaries import ETCD, KUBERNETES, NAMES, find_all
from kubedrill.cluster.local.certificates import issue
from kubedrill.cluster.local.components import programs
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.local.layout import Layout
from kubedrill.cluster.local.zones import choose
from kubedrill.errors import BadFile

MAY_BE_OVERRIDDEN = {
    "kube-apiserver": {
        "authorization-mode",
        "enable-admission-plugins",
        "allow-privileged",
        "endpoint-reconciler-type",
    },
    "kube-controller-manager": {"use-service-account-credentials"},
}


def refused(tmp_path: Path, given: str) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(f"provider: local\nflags:\n  {given}\n")
    with pytest.raises(BadFile) as caught:
        load_definition(path)
    return str(caught.value).splitlines()


@pytest.mark.cluster
def test_whatever_kubedrill_sets_is_refused_or_may_be_overridden(tmp_path: Path) -> None:
    definition = LocalDefinition(provider="local", zones=("a",), zoning="loopback")
    (tmp_path / "pki").mkdir()
    zoning = choose("loopback", tmp_path, ("a",))
    certificates = issue(tmp_path / "pki", zoning, ("a",))
    layout = Layout(tmp_path, definition, zoning, certificates, find_all(), 7443)
    for program in programs(layout):
        kind = program.name.removesuffix("-a")
        if kind == "haproxy":
            continue
        ours = {flag.removeprefix("--").partition("=")[0] for flag in program.flags}
        assert len(ours) > 5
        assert ours - flags.REFUSED[kind].keys() == MAY_BE_OVERRIDDEN.get(kind, set())


@pytest.mark.cluster
def test_the_pinned_list_is_what_the_pinned_programs_say() -> None:
    pinned = json.loads(Path(flags.__file__).with_name("flags.json").read_text())
    assert (pinned["etcd"], pinned["kubernetes"]) == (ETCD, KUBERNETES)
    found = find_all().versions
    assert (f"v{found['etcd']}", f"v{found['kube-apiserver']}") == (ETCD, KUBERNETES)
    program = {name: path for name in NAMES if (path := flags.find(name))}
    assert pinned["flags"] == {name: list(flags._help(path)) for name, path in program.items()}


def test_what_is_refused_exists() -> None:
    pinned = json.loads(Path(flags.__file__).with_name("flags.json").read_text())["flags"]
    for kind, names in flags.REFUSED.items():
        # Those three stand apart in what programs say for --help.
        assert names.keys() - {"help", "version", "config-file"} <= set(pinned[kind])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("etcd: {data-dir: /tmp/x}", "flags.etcd.data-dir: etcd's data stays in the cluster's own"),
        ("etcd: {wal-dir: /tmp/x}", "flags.etcd.wal-dir: etcd's data stays"),
        ("etcd: {--wal-dir: /tmp/x}", "flags.etcd.--wal-dir: etcd's data stays"),
        ("etcd: {wal_dir: /tmp/x}", "flags.etcd.wal_dir: etcd's data stays"),
        ("etcd: {config-file: /tmp/x}", "flags.etcd.config-file: etcd would ignore every other"),
        ("etcd: {listen-client-urls: 'http://0.0.0.0:1'}", "kubedrill sets it itself"),
        ("etcd: {cert-file: /tmp/x}", "kubedrill sets it itself"),
        ("etcd: {force-new-cluster: true}", "each member would be a cluster of its own"),
        ("kube-apiserver: {etcd-servers: 'https://10.0.0.1:2379'}", "kubedrill sets it itself"),
        ("kube-scheduler: {kubeconfig: elsewhere.kubeconfig}", "kubedrill sets it itself"),
        ("kube-scheduler: {config: /tmp/x}", "would ignore its kubeconfig"),
        ("kube-controller-manager: {master: 'https://10.0.0.1'}", "on another apiserver than"),
        ("kube-apiserver: {version: true}", "the program would print something, and end"),
        ("kube-apiserver: {'': 1}", "a flag without a name"),
        ("kube-apiserver: {goaway-chance: ''}", "has no value; leave it out"),
        ("kube-apiserver: {goaway-chance: ' '}", "has no value; leave it out"),
        ("kube-apiserver: {goaway-chance=0.1: 1}", "write goaway-chance: VALUE"),
        ("kube-apiserver: {goaway_chance: 1}", "write goaway-chance: VALUE"),
        ("kube-apiserver: {--goaway-chance: 1}", "write goaway-chance: VALUE"),
        ("kube-apiserver: {GOAWAY: 1}", '"GOAWAY" is no flag\'s name'),
        ('kube-apiserver: {"goaway\\0": 1}', "a control character, U+0000"),
        ('kube-apiserver: {goaway-chance: "0\\0"}', "a control character, U+0000"),
        (
            "kube-apiserver: {goaway-chanc: 0.1}",
            'kube-apiserver has no flag "goaway-chanc"; did you mean "goaway-chance"?',
        ),
        (
            "etcd: {goaway-chance: 0.1}",
            'etcd has no flag "goaway-chance"; `etcd --help` lists them',
        ),
    ],
)
@pytest.mark.parametrize("is_set_up", [True, False])
def test_what_no_component_may_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str, is_set_up: bool
) -> None:
    if not is_set_up:
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "nowhere"))
    (line,) = refused(tmp_path, given)
    assert line.startswith(f"{tmp_path}/c.yaml:3: ")
    assert said in line


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "kube-apiserver: {goaway-chance: often, profiling: false}",
            'kube-apiserver does not take it: invalid argument "often" for "--goaway-chance" flag',
        ),
        (
            "etcd: {heartbeat-interval: 1s, snapshot-count: 5}",
            'etcd does not take it: invalid value "1s" for flag -heartbeat-interval',
        ),
        (f"kube-apiserver: {{runtime-config: {'x' * 200_000}}}", "Argument list too long"),
    ],
)
def test_what_the_program_itself_does_not_take(tmp_path: Path, given: str, said: str) -> None:
    (line,) = refused(tmp_path, given)
    assert said in line


@pytest.mark.cluster
def test_what_the_program_takes(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "provider: local\nflags:\n  kube-apiserver: {goaway-chance: 0.001, profiling: false, v: 4}\n"
        "  etcd: {heartbeat-interval: 200, election-timeout: 2000, unsafe-no-fsync: true}\n"
        "  kube-scheduler: {kube-api-qps: 1e2}\n"
    )
    assert load_definition(path).flags["etcd"]["heartbeat-interval"] == 200
