"""What a kubeconfig must be for a drill: what cannot be worked with is refused in words."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubedrill.cluster.adopted.access import Access, contexts
from kubedrill.errors import NotStarted
from kubedrill.wire.pki import Authority

SERVER = "https://127.0.0.1:1"


@pytest.fixture
def authority(tmp_path: Path) -> bytes:
    return Authority(tmp_path, "test").file.read_bytes()


def written(path: Path, authority: bytes, **cluster: Any) -> str:
    """Write a kubeconfig with the contexts `theirs` and `their-other`; return its path."""
    data = base64.b64encode(authority).decode()
    known = {"server": SERVER, "certificate-authority-data": data} | cluster
    named = {key: value for key, value in known.items() if value is not None}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": named}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": name, "context": {"cluster": "c", "user": "u"}}
            for name in ("theirs", "their-other")
        ],
        "current-context": "their-other",
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"server": "http://127.0.0.1:1"}, "its server http://127.0.0.1:1 is not https://"),
        ({"server": f"{SERVER}/k8s/c-1"}, "its API stands under a path"),
        ({"proxy-url": "http://proxy:3128"}, r"reached by a proxy \(http://proxy:3128\)"),
        ({"certificate-authority-data": None}, "it names no certificate authority"),
        ({"insecure-skip-tls-verify": True}, "it names no certificate authority"),
    ],
    ids=["http", "path", "proxy", "no authority", "insecure"],
)
def test_a_server_that_cannot_be_pressed_or_told_from_others_is_refused(
    tmp_path: Path, authority: bytes, cluster: dict[str, Any], words: str
) -> None:
    file = written(tmp_path / "config", authority, **cluster)
    with pytest.raises(NotStarted, match=f"context theirs: .*{words}"):
        Access(file, "theirs")


def test_a_context_that_is_not_there_is_named_with_the_nearest(
    tmp_path: Path, authority: bytes
) -> None:
    file = written(tmp_path / "config", authority)
    with pytest.raises(NotStarted, match=f'{file}: no context "thiers"; did you mean "theirs"'):
        Access(file, "thiers")


@pytest.mark.parametrize(
    "text", [None, "", "][", "clusters: 3", "contexts: []", "kind: Config\ncontexts:\n- name: x\n"]
)
def test_a_file_that_is_none_says_which(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text)
    with pytest.raises(NotStarted, match=str(file)):
        Access(str(file), "theirs")


def test_a_proxy_of_the_environment_is_refused_unless_it_is_passed_by(
    tmp_path: Path, authority: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "config", authority)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    with pytest.raises(NotStarted, match=r"reached by a proxy \(http://proxy:3128\)"):
        Access(file, "theirs")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert Access(file, "theirs").server.url == SERVER


def test_the_current_context_is_never_taken(tmp_path: Path, authority: bytes) -> None:
    file = written(tmp_path / "config", authority)
    assert contexts(file) == ["theirs", "their-other"]
    assert Access(file, "theirs").context == "theirs"


def test_who_does_not_answer_is_named(tmp_path: Path, authority: bytes) -> None:
    access = Access(written(tmp_path / "config", authority), "theirs")
    with pytest.raises(NotStarted, match=f"context theirs: {SERVER} does not answer: .*refused"):
        access.call("GET", "/version")


def test_an_authority_is_the_same_in_whatever_order_its_certificates_stand(
    tmp_path: Path, authority: bytes
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "test").file.read_bytes()
    of = [
        Access(written(tmp_path / "config", pem), "theirs").server.authority
        for pem in (authority + other, b"\n" + other + b"# text\n" + authority, authority)
    ]
    assert of[0] == of[1] != of[2]
