"""Downloads against a local site: good, corrupt, cut off, 404, unreachable."""

import hashlib
import io
import resource
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ports import free_port

from kubedrill.cluster.local.binaries import ETCD, KUBERNETES, architecture
from kubedrill.cluster.local.download import OutOfReach, download_etcd, download_kubernetes
from kubedrill.errors import NotStarted

PROGRAM = b"#!/bin/sh\necho Kubernetes v1.37.2\n" * 10_000


class Site:
    """A release site: paths and what they answer; `cut` paths are cut off in the middle."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                body = site.files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if self.path in site.cut else body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def offer(self, path: str, body: bytes) -> None:
        """Offer a file with its .sha256 beside it."""
        self.files[path] = body
        self.files[f"{path}.sha256"] = hashlib.sha256(body).hexdigest().encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    local = Site()
    monkeypatch.setenv("KUBEDRILL_KUBERNETES_MIRROR", local.url)
    monkeypatch.setenv("KUBEDRILL_ETCD_MIRROR", local.url)
    yield local
    local.close()


def scheduler_path() -> str:
    return f"/{KUBERNETES}/bin/linux/{architecture()}/kube-scheduler"


def get_scheduler(target: Path) -> list[int]:
    steps: list[int] = []
    download_kubernetes("kube-scheduler", target, lambda _, done, __: steps.append(done))
    return steps


def test_a_good_download_is_whole_and_can_be_run(site: Site, tmp_path: Path) -> None:
    site.offer(scheduler_path(), PROGRAM)
    target = tmp_path / "kube-scheduler"
    assert get_scheduler(target)[-1] == len(PROGRAM)
    assert target.read_bytes() == PROGRAM
    assert target.stat().st_mode & 0o777 == 0o755
    assert list(tmp_path.iterdir()) == [target]


def test_a_wrong_checksum_is_refused(site: Site, tmp_path: Path) -> None:
    site.offer(scheduler_path(), PROGRAM)
    site.files[scheduler_path()] = PROGRAM + b"x"
    with pytest.raises(NotStarted, match="wrong checksum") as refused:
        get_scheduler(tmp_path / "kube-scheduler")
    assert hashlib.sha256(PROGRAM).hexdigest() in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_cut_off_download_is_tried_again_and_then_given_up(site: Site, tmp_path: Path) -> None:
    site.offer(scheduler_path(), PROGRAM)
    site.cut.add(scheduler_path())
    with pytest.raises(OutOfReach, match="cut off"):
        get_scheduler(tmp_path / "kube-scheduler")
    assert site.asked.count(scheduler_path()) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_named(site: Site, tmp_path: Path) -> None:
    with pytest.raises(OutOfReach, match=rf"{scheduler_path()}.sha256: 404"):
        get_scheduler(tmp_path / "kube-scheduler")


def test_a_site_that_cannot_be_reached_is_noticed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEDRILL_KUBERNETES_MIRROR", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(OutOfReach, match="cannot be reached"):
        get_scheduler(tmp_path / "kube-scheduler")


def test_etcd_comes_out_of_its_archive(site: Site, tmp_path: Path) -> None:
    name = f"etcd-{ETCD}-linux-{architecture()}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(f"{name}/etcd")
        member.size = len(PROGRAM)
        archive.addfile(member, io.BytesIO(PROGRAM))
    site.files[f"/{ETCD}/{name}.tar.gz"] = packed.getvalue()
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    site.files[f"/{ETCD}/SHA256SUMS"] = f"{digest}  {name}.tar.gz\n".encode()
    download_etcd(tmp_path / "etcd", lambda *_: None)
    assert (tmp_path / "etcd").read_bytes() == PROGRAM
    assert [file.name for file in tmp_path.iterdir()] == ["etcd"]


@pytest.mark.parametrize(
    "checksum", [b"", b"\n", b"<html>please log in</html>", b"0" * 63, b"0" * 65]
)
def test_what_is_no_checksum_is_out_of_reach(site: Site, tmp_path: Path, checksum: bytes) -> None:
    site.offer(scheduler_path(), PROGRAM)
    site.files[f"{scheduler_path()}.sha256"] = checksum
    with pytest.raises(OutOfReach, match=r"kube-scheduler\.sha256: holds no SHA-256"):
        get_scheduler(tmp_path / "kube-scheduler")
    assert list(tmp_path.iterdir()) == []


def test_a_checksum_that_is_cut_off_is_out_of_reach(site: Site, tmp_path: Path) -> None:
    site.offer(scheduler_path(), PROGRAM)
    site.cut.add(f"{scheduler_path()}.sha256")
    with pytest.raises(OutOfReach, match=r"kube-scheduler\.sha256: cut off"):
        get_scheduler(tmp_path / "kube-scheduler")


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        (b"", "SHA256SUMS does not name etcd-"),
        (b"\n" + b"0" * 64 + b"  other.tar.gz\n", "SHA256SUMS does not name etcd-"),
        (b"123  ", "SHA256SUMS: holds no SHA-256"),
    ],
)
def test_sums_that_do_not_tell_are_out_of_reach(
    site: Site, tmp_path: Path, sums: bytes, said: str
) -> None:
    archive = f"etcd-{ETCD}-linux-{architecture()}.tar.gz"
    named = sums + archive.encode() if sums.startswith(b"123") else sums
    site.files[f"/{ETCD}/SHA256SUMS"] = named
    with pytest.raises(OutOfReach, match=said):
        download_etcd(tmp_path / "etcd", lambda *_: None)


@pytest.fixture
def small_files() -> Iterator[int]:
    """No file may be longer than this: what is written beyond is written short, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(PROGRAM) - 1, hard))
    yield len(PROGRAM) - 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_does_not_fit_on_the_disk_is_not_kept(
    site: Site, tmp_path: Path, small_files: int
) -> None:
    site.offer(scheduler_path(), PROGRAM)
    with pytest.raises(OSError, match="File too large"):
        get_scheduler(tmp_path / "kube-scheduler")
    assert list(tmp_path.iterdir()) == []
