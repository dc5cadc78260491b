"""Provider local: official binaries, downloaded with their checksums. Whole or not at all."""

import hashlib
import os
import re
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import requests

from kubedrill.cluster.local.binaries import ETCD, KUBERNETES, architecture
from kubedrill.errors import NotStarted

KUBERNETES_SITE = "https://dl.k8s.io/release"
ETCD_SITE = "https://github.com/etcd-io/etcd/releases/download"

CONNECT_S = 5.0
"""A site that does not answer by then is out of reach: then the binaries are built."""
READ_S = 30.0
ATTEMPTS = 2
PIECE = 1 << 20

OnProgress = Callable[[str, int, int], None]
"""Called with (what, bytes so far, bytes in all or 0)."""


class OutOfReach(Exception):  # noqa: N818 - an event, after which the binaries are built
    """The site cannot be reached, or does not have the file; the message says which and why."""


def kubernetes_url(name: str) -> str:
    """Return where a Kubernetes binary is; `KUBEDRILL_KUBERNETES_MIRROR` overrides the site."""
    site = os.environ.get("KUBEDRILL_KUBERNETES_MIRROR", KUBERNETES_SITE)
    return f"{site}/{KUBERNETES}/bin/linux/{architecture()}/{name}"


def etcd_url() -> str:
    """Return where etcd's release archive is; `KUBEDRILL_ETCD_MIRROR` overrides the site."""
    site = os.environ.get("KUBEDRILL_ETCD_MIRROR", ETCD_SITE)
    return f"{site}/{ETCD}/etcd-{ETCD}-linux-{architecture()}.tar.gz"


def download_kubernetes(name: str, target: Path, progress: OnProgress) -> None:
    """Download one Kubernetes binary to `target`; OutOfReach, or NotStarted for a wrong checksum."""
    url = kubernetes_url(name)
    fetch(url, _checksum(_text(f"{url}.sha256"), f"{url}.sha256"), target, progress)


def download_etcd(target: Path, progress: OnProgress) -> None:
    """Download etcd's archive and take the server out of it; errors as `download_kubernetes`."""
    url = etcd_url()
    archive = url.rpartition("/")[2]
    sums = f"{url.rpartition('/')[0]}/SHA256SUMS"
    found = [line for line in _text(sums).splitlines() if line.split()[1:] == [archive]]
    if not found:
        raise OutOfReach(f"{sums} does not name {archive}")
    sha256 = _checksum(found[0], sums)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".etcd.") as folder:
        packed = Path(folder) / archive
        fetch(url, sha256, packed, progress)
        with tarfile.open(packed) as files:
            inside = f"{archive.removesuffix('.tar.gz')}/etcd"
            files.extract(inside, folder, filter="data")
        unpacked = Path(folder) / inside
        unpacked.chmod(0o755)
        unpacked.replace(target)


def fetch(url: str, sha256: str, target: Path, progress: OnProgress) -> None:
    """Download `url` to `target`, which appears only when it is whole and its checksum is right."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "r+b") as file:
            _fetch_whole(url, file, progress)
            os.fsync(file.fileno())
            # Of what was written, not of what came.
            file.seek(0)
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != sha256:
                raise NotStarted(
                    f"{url}: wrong checksum: {found}, and its .sha256 says {sha256}; it was thrown "
                    "away. Try again, or point KUBEBUILDER_ASSETS at binaries that you trust"
                )
            os.fchmod(file.fileno(), 0o755)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _fetch_whole(url: str, file: IO[bytes], progress: OnProgress) -> None:
    """Write all of `url` to the file; OutOfReach after the last attempt."""
    for attempt in range(1, ATTEMPTS + 1):
        file.seek(0)
        file.truncate()
        try:
            with _get(url) as answer:
                total, done = int(answer.headers.get("Content-Length", 0)), 0
                for piece in answer.iter_content(PIECE):
                    file.write(piece)
                    done += len(piece)
                    progress(url.rpartition("/")[2], done, total)
                file.flush()
                if total in (0, done):
                    return
                cause = f"cut off after {done} of {total} bytes"
        except requests.RequestException as error:
            cause = f"cut off: {error}"
        if attempt == ATTEMPTS:
            raise OutOfReach(f"{url}: {cause}")
    raise AssertionError("the last attempt returns or raises")


def _checksum(text: str, url: str) -> str:
    """Return the checksum that a line begins with; OutOfReach if it is none."""
    found = re.match(r"[0-9a-f]{64}\b", text)
    if found is None:
        raise OutOfReach(f"{url}: holds no SHA-256")
    return found.group()


def _text(url: str) -> str:
    try:
        with _get(url) as answer:
            return answer.text
    except requests.RequestException as error:
        raise OutOfReach(f"{url}: cut off: {error}") from error


def _get(url: str) -> requests.Response:
    try:
        answer = requests.get(url, stream=True, timeout=(CONNECT_S, READ_S))
        answer.raise_for_status()
    except requests.HTTPError as error:
        raise OutOfReach(f"{url}: {error.response.status_code} {error.response.reason}") from error
    except requests.RequestException as error:
        raise OutOfReach(f"{url}: cannot be reached ({type(error).__name__})") from error
    return answer
