"""Set-up: what is found, what is built, what is left by an interruption, and what cannot be had."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from kubedrill.cluster.local import binaries, gobuild
from kubedrill.cluster.local.setup import ensure, ensure_haproxy
from kubedrill.errors import NotStarted

NAMES = binaries.NAMES


def program(path: Path, said: str = "") -> Path:
    """Write a program that says a version, its own if none is given."""
    said = said or ("etcd Version: 3.7.3" if path.name == "etcd" else "Kubernetes v1.37.2")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {said}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has nothing yet, and nowhere to download from; returns the cache's folder."""
    monkeypatch.setenv("KUBEDRILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    for name in NAMES:
        monkeypatch.delenv(f"TEST_ASSET_{name.upper().replace('-', '_')}", raising=False)
    monkeypatch.setenv("KUBEDRILL_KUBERNETES_MIRROR", "http://127.0.0.1:1")
    monkeypatch.setenv("KUBEDRILL_ETCD_MIRROR", "http://127.0.0.1:1")
    return binaries.cache_folder()


def test_an_asset_of_its_own_comes_before_the_folder_and_that_before_the_cache(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = program(nothing / "etcd")
    assert binaries.find("etcd") == cached
    in_folder = program(tmp_path / "assets" / "etcd")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(in_folder.parent))
    assert binaries.find("etcd") == in_folder
    asset = program(tmp_path / "my-etcd")
    monkeypatch.setenv("TEST_ASSET_ETCD", str(asset))
    assert binaries.find("etcd") == asset


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("absent", "not a folder"),
        ("empty", "holds none of etcd, kube-apiserver, kube-controller-manager, kube-scheduler"),
        ("a file", "not a folder"),
        ("not executable", "kube-apiserver cannot be executed"),
    ],
)
def test_a_folder_of_assets_that_is_of_no_use_is_said(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, why: str
) -> None:
    for name in NAMES:
        program(nothing / name)
    folder = tmp_path / "assets"
    if kind == "a file":
        folder.touch()
    elif kind != "absent":
        folder.mkdir()
    if kind == "not executable":
        program(folder / "etcd")
        program(folder / "kube-apiserver").chmod(0o644)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    for ask in (binaries.find_all, lambda: ensure(Console(quiet=True))):
        with pytest.raises(NotStarted) as refused:
            ask()
        assert str(refused.value).startswith(f"KUBEBUILDER_ASSETS={folder}: {why}; point it at")


HANGS = "#!/bin/sh\nsleep 1000 &\nwait\n"


@pytest.mark.parametrize(
    ("name", "script", "why"),
    [
        (
            "etcd",
            "#!/bin/sh\necho etcd Version: 2.0.0\n",
            "is 2.0.0, and etcd must be 3.5.3 or newer",
        ),
        (
            "etcd",
            "#!/bin/sh\necho etcd Version: 3.5.2\n",
            "is 3.5.2, and etcd must be 3.5.3 or newer",
        ),
        (
            "kube-scheduler",
            "#!/bin/sh\necho Kubernetes v1.9.11\n",
            "is 1.9.11, and kubernetes must be 1.35.0 or newer",
        ),
        ("etcd", "#!/bin/sh\n", "prints no version for --version, but: nothing"),
        ("etcd", "#!/bin/sh\necho hello\n", "prints no version for --version, but: hello"),
        (
            "etcd",
            "#!/bin/sh\necho no library >&2; exit 127\n",
            "exit code 127, and it said: no library",
        ),
        ("etcd", "\x7fELF of another machine", "does not run: not a program for"),
        ("etcd", "#!/no/such/interpreter\n", "does not run: No such file or directory"),
        ("etcd", HANGS, "does not say its version within 3 s"),
    ],
)
def test_a_program_of_no_use_is_refused(
    nothing: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str, why: str
) -> None:
    if script == HANGS:
        monkeypatch.setattr(binaries, "ASK_S", 3.0)
    for wanted in NAMES:
        program(nothing / wanted)
    (nothing / name).write_text(script)
    for ask in (binaries.find_all, lambda: ensure(Console(quiet=True))):
        with pytest.raises(NotStarted) as refused:
            ask()
        assert str(refused.value).startswith(f"{nothing / name} ")
        assert why in str(refused.value)
        assert str(refused.value).endswith("; remove it, then: kubedrill setup")


def test_an_asset_that_cannot_be_run_is_named(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_ASSET_ETCD", str(tmp_path))
    with pytest.raises(NotStarted, match=f"TEST_ASSET_ETCD={tmp_path}: not a program"):
        binaries.find("etcd")


def test_what_is_missing_is_named_with_its_remedy(nothing: Path) -> None:
    program(nothing / "etcd")
    with pytest.raises(
        NotStarted, match=r"^kube-apiserver, .*kube-scheduler not found; run: kubedrill setup"
    ):
        binaries.find_all()


def test_the_versions_are_what_the_programs_say(nothing: Path) -> None:
    for name in NAMES:
        program(nothing / name, "etcd Version: 3.7.9" if name == "etcd" else "Kubernetes v1.36.1")
    versions = binaries.find_all().versions
    assert versions.pop("haproxy")
    assert versions == {
        "etcd": "3.7.9",
        "kube-apiserver": "1.36.1",
        "kube-controller-manager": "1.36.1",
        "kube-scheduler": "1.36.1",
    }


@pytest.fixture
def envtest(nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as envtest makes it, of another version than the cache: etcd and kube-apiserver only."""
    for name in NAMES:
        program(nothing / name, "etcd Version: 3.7.3" if name == "etcd" else "Kubernetes v1.37.2")
    folder = tmp_path / "assets"
    program(folder / "etcd", "etcd Version: 3.6.0")
    program(folder / "kube-apiserver", "Kubernetes v1.35.4")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    return folder


def test_programs_of_several_versions_are_not_mixed(envtest: Path, nothing: Path) -> None:
    with pytest.raises(NotStarted) as refused:
        binaries.find_all()
    assert str(refused.value) == (
        f"Kubernetes' programs are of different versions: kube-apiserver 1.35.4 ({envtest}/kube-apiserver), "
        f"kube-controller-manager 1.37.2 ({nothing}/kube-controller-manager), "
        f"kube-scheduler 1.37.2 ({nothing}/kube-scheduler); point KUBEBUILDER_ASSETS at a folder that "
        "has all three of one version"
    )


def test_what_would_not_fit_is_not_fetched(envtest: Path, nothing: Path) -> None:
    (nothing / "kube-scheduler").unlink()
    with pytest.raises(NotStarted, match=r"kube-scheduler 1\.37\.2 \(to be fetched\)"):
        ensure(Console(quiet=True))


def test_a_program_of_ones_own_of_the_same_minor_version_may_be_used(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        program(nothing / name)
    own = program(tmp_path / "mine", "Kubernetes v1.37.9")
    monkeypatch.setenv("TEST_ASSET_KUBE_SCHEDULER", str(own))
    found = binaries.find_all()
    assert found.kube_scheduler == own
    assert found.versions["kube-scheduler"] == "1.37.9"
    assert found.versions["kube-apiserver"] == "1.37.2"


def test_no_download_and_no_go_is_one_line_that_says_what_to_do(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    haproxy = program(tmp_path / "bin" / "haproxy")
    monkeypatch.setenv("PATH", str(haproxy.parent))
    with pytest.raises(NotStarted, match=r"install Go 1\.26 or newer, or point KUBEBUILDER_ASSETS"):
        ensure(Console(quiet=True))
    assert [file.name for file in nothing.iterdir()] == [".lock"]


def test_what_no_cluster_needs_is_got_where_it_is_asked_for(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    haproxy = program(tmp_path / "bin" / "haproxy", "HAProxy version 3.0.11")
    monkeypatch.setenv("PATH", str(haproxy.parent))
    monkeypatch.delenv("TEST_ASSET_KUBEMARK", raising=False)
    for name in NAMES:
        program(nothing / name)
    ensure(Console(quiet=True))
    with pytest.raises(NotStarted, match=r"install Go 1\.26"):
        ensure(Console(quiet=True), ("kubemark",))
    program(nothing / "kubemark")
    ensure(Console(quiet=True), ("kubemark",))


@pytest.mark.parametrize("name", ["kube-apiserver", "kubemark"])
def test_modules_that_are_pinned_have_each_program(name: str) -> None:
    source = gobuild.source_of(name)
    said = (source.module / "go.mod").read_text()
    assert source.package in re.search(r"tool \((.*?)\)", said, re.DOTALL)[1].split()


def test_go_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = program(tmp_path / "go", "go version go1.22.1 linux/amd64")
    monkeypatch.setenv("PATH", f"{go.parent}:{os.environ['PATH']}")
    with pytest.raises(NotStarted, match=r"go1\.22\.1 linux/amd64 is too old; install Go 1\.26"):
        gobuild.find_go()


def test_no_haproxy_and_no_apt_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("kubedrill.cluster.local.setup.find_haproxy", lambda: None)
    with pytest.raises(NotStarted, match="HAProxy is missing; install it"):
        ensure_haproxy(Console(quiet=True))


APT_GET = """#!/bin/sh
# As the real one: a second one that comes while it works is refused.
mkdir {folder}/apt-lock || exit 100
echo $2 >> {folder}/apt-said
sleep 0.5
[ $2 = update ] || cp {folder}/haproxy {folder}/bin/haproxy
rmdir {folder}/apt-lock
"""


def test_two_set_ups_do_not_install_haproxy_at_once(nothing: Path, tmp_path: Path) -> None:
    for name in NAMES:
        program(nothing / name)
    program(tmp_path / "haproxy")
    program(tmp_path / "bin" / "apt-get").write_text(APT_GET.format(folder=tmp_path))
    haproxy = binaries.find_haproxy()
    assert haproxy
    # A mount namespace in which the system's own cannot be run.
    hide = f'mount --bind /dev/null "{haproxy.resolve()}" && exec "$@"'
    namespace = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")
    command = [*namespace, "sh", "-c", hide, "sh", sys.executable, "-m", "kubedrill", "setup"]
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    both = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert (tmp_path / "apt-said").read_text().split() == ["update", "install"]


def test_a_cache_that_cannot_be_written_is_one_line(
    tmp_path: Path, nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KUBEDRILL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(NotStarted, match=r"/file/.*: Not a directory; make room there, or point"):
        ensure(Console(quiet=True))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_cache_that_is_full_is_one_line(tmp_path: Path, nothing: Path) -> None:
    nothing.mkdir(parents=True)
    mount = ("mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=3", "tmpfs", str(nothing))
    subprocess.run(mount, check=True)
    try:
        for number in range(2):
            (nothing / f"left-{number}").touch()
        with pytest.raises(NotStarted, match=r"kubernetes-.*: No space left on device; make room"):
            ensure(Console(quiet=True))
    finally:
        subprocess.run(["umount", str(nothing)], check=True)


def module(folder: Path, body: str = 'println("v1.2.3")') -> gobuild.GoSource:
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test/small\n\ngo 1.26\n")
    # Of its own each time: what Go has in its cache it does not build, and does not tell of.
    source = f"package main\n\nconst own = {str(folder)!r}\n\nfunc main() {{ {body} }}\n"
    (folder / "main.go").write_text(source.replace("'", '"'))
    return gobuild.GoSource(folder, "example.test/small")


def test_a_go_module_is_built_whole(tmp_path: Path) -> None:
    target = tmp_path / "out" / "small"
    target.parent.mkdir()
    seen: list[tuple[int, int]] = []
    gobuild.build(
        module(tmp_path / "module"), target, lambda done, total: seen.append((done, total))
    )
    said = subprocess.run([target], capture_output=True, text=True, check=True).stderr
    assert said == "v1.2.3\n"
    assert list(target.parent.iterdir()) == [target]
    assert seen
    assert all(done <= total for done, total in seen)


def test_a_build_that_fails_shows_what_go_said(tmp_path: Path) -> None:
    target = tmp_path / "small"
    with pytest.raises(NotStarted, match="undefined: nonsense"):
        gobuild.build(module(tmp_path / "module", "nonsense()"), target, lambda *_: None)
    assert not target.exists()


SLOW_SITE = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open(sys.argv[1], "a").write(self.path + "\\n")
        self.send_response(200); self.send_header("Content-Length", "1000000"); self.end_headers()
        if self.path.endswith("256"):
            self.wfile.write(b"0" * 64 + b" " * 999936)
        else:
            self.wfile.write(b"x" * 1000); time.sleep(60)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_two_set_ups_do_not_collide_and_a_killed_one_leaves_nothing_half_written(
    nothing: Path, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    asked.touch()
    site = subprocess.Popen(
        [sys.executable, "-c", SLOW_SITE, str(asked)], stdout=subprocess.PIPE, text=True
    )
    assert site.stdout
    port = site.stdout.readline().strip()
    environment = os.environ | {"KUBEDRILL_KUBERNETES_MIRROR": f"http://127.0.0.1:{port}"}
    program(nothing / "etcd")
    command = [sys.executable, "-m", "kubedrill", "setup"]
    try:
        first = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        wait_until(lambda: "kube-apiserver\n" in asked.read_text())
        second = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert second.stdout
        assert "another set-up is at work" in second.stdout.readline()
        first.send_signal(signal.SIGKILL)
        first.communicate()
        # The second takes over, and begins by removing what the first has left.
        wait_until(lambda: asked.read_text().count("kube-apiserver\n") == 2)
        assert len([file for file in nothing.iterdir() if file.name.startswith(".kube")]) == 1
        second.send_signal(signal.SIGINT)
        second.communicate(timeout=60)
    finally:
        site.kill()
        site.communicate()
    assert sorted(file.name for file in nothing.iterdir()) == [".lock", "etcd"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
