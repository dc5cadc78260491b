"""Provider local: which flags a person may give a component, and why not the others.

What a program knows is what it says itself; where it is not set up, it is what the pinned version says
(`flags.json`, which `python -m kubedrill.cluster.local.flags` prints).
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from kubedrill.cluster.handle import FlagValue, flag
from kubedrill.cluster.local.binaries import ASK_S, ETCD, KUBERNETES, PROGRAMS, find
from kubedrill.errors import NotStarted
from kubedrill.process.asking import ask
from kubedrill.words import did_you_mean, shown

Kind = Literal["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]

KINDS: tuple[Kind, ...] = get_args(Kind)

_PINNED = Path(__file__).with_name("flags.json")
_NAME = re.compile("[a-z][a-z0-9-]*")
_LISTED = re.compile(r"^\s+(?:-\w, )?--([a-z][a-z0-9-]*)", re.MULTILINE)
"""A flag in what a program says for --help."""
_MOST_SAID = 200
"""Characters of what a program says that are repeated."""

_OURS = "kubedrill sets it itself: the cluster would not hold together with another value"
_ENDS = "the program would print something, and end"
_LEADS = "kubedrill waits for this kind's own Lease until the cluster is led"
_SERVES = dict.fromkeys(
    ("bind-address", "secure-port", "client-ca-file", "tls-cert-file", "tls-private-key-file"),
    _OURS,
)
_CONTROLLER = {
    **_SERVES,
    **dict.fromkeys(
        (
            *("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"),
            "authentication-tolerate-lookup-failure",
        ),
        _OURS,
    ),
    "master": "it would work on another apiserver than its zone's",
    **dict.fromkeys(
        ("leader-elect", "leader-elect-resource-name", "leader-elect-resource-namespace"), _LEADS
    ),
    **dict.fromkeys(("help", "version"), _ENDS),
}

REFUSED: Mapping[Kind, Mapping[str, str]] = {
    "etcd": {
        **dict.fromkeys(
            (
                *("name", "initial-cluster", "initial-cluster-state", "initial-cluster-token"),
                *("listen-client-urls", "advertise-client-urls", "listen-peer-urls"),
                *("initial-advertise-peer-urls", "listen-metrics-urls", "client-cert-auth"),
                *("trusted-ca-file", "cert-file", "key-file", "client-cert-file"),
                *("client-key-file", "peer-client-cert-auth", "peer-trusted-ca-file"),
                *("peer-cert-file", "peer-key-file"),
            ),
            _OURS,
        ),
        **dict.fromkeys(
            ("data-dir", "wal-dir"),
            "etcd's data stays in the cluster's own folder, where `cluster down` finds it",
        ),
        "config-file": "etcd would ignore every other flag, where its data is among them",
        "listen-client-http-urls": "its /health would be asked in vain, at the clients' address",
        "force-new-cluster": "each member would be a cluster of its own",
        "discovery": "members find each other by initial-cluster, which kubedrill sets",
        "discovery-srv": "members find each other by initial-cluster, which kubedrill sets",
        "discovery-endpoints": "members find each other by initial-cluster, which kubedrill sets",
        **dict.fromkeys(("help", "version"), _ENDS),
    },
    "kube-apiserver": {
        **_SERVES,
        **dict.fromkeys(
            (
                *("etcd-servers", "etcd-cafile", "etcd-certfile", "etcd-keyfile"),
                *("advertise-address", "service-cluster-ip-range"),
                *("requestheader-client-ca-file", "requestheader-allowed-names"),
                *("requestheader-username-headers", "requestheader-group-headers"),
                *("requestheader-extra-headers-prefix", "proxy-client-cert-file"),
                *("proxy-client-key-file", "service-account-key-file"),
                *("service-account-signing-key-file", "service-account-issuer"),
            ),
            _OURS,
        ),
        "etcd-servers-overrides": "objects would be kept in another etcd than the cluster's",
        **dict.fromkeys(("help", "version"), _ENDS),
    },
    "kube-controller-manager": {
        **_CONTROLLER,
        **dict.fromkeys(
            (
                *("root-ca-file", "service-account-private-key-file"),
                *("cluster-signing-kubelet-client-cert-file",),
                *("cluster-signing-kubelet-client-key-file",),
            ),
            _OURS,
        ),
    },
    "kube-scheduler": {
        **_CONTROLLER,
        "config": "the scheduler would ignore its kubeconfig, and with it which cluster it is in",
        "write-config-to": _ENDS,
    },
}
"""By component the flags that nobody but kubedrill may give, and why."""


def wrong(kind: Kind, given: Mapping[str, FlagValue | None]) -> Iterator[tuple[str, str]]:
    """Yield the name of each flag that the component cannot be given, and why; None takes one away."""
    program = _program(kind)
    known = (_help(program) if program else ()) or _pinned()[kind]
    right: dict[str, str] = {}
    for name, value in given.items():
        if why := _wrong_name(kind, name, known) or _wrong_value(value):
            yield name, why
        elif value is not None:
            right[name] = flag(name, value)
    if program and right and _refusal(program, *right.values()):
        for name, argument in right.items():
            if said := _refusal(program, argument):
                yield name, f"{kind} does not take it: {said}"


def _wrong_name(kind: Kind, name: str, known: tuple[str, ...]) -> str:
    if not name:
        return "a flag without a name"
    bare = name.lstrip("-").partition("=")[0].replace("_", "-")
    if why := REFUSED[kind].get(bare):
        return f"{why}; leave it out"
    if not _NAME.fullmatch(name):
        near = f"; write {bare}: VALUE" if bare in known else ""
        return f'"{shown(name)}" is no flag\'s name: a-z, 0-9 and -, without the dashes before it{near}'
    if name not in known:
        near = did_you_mean(name, known)
        hint = near if "did you mean" in near else f"; `{kind} --help` lists them"
        return f'{kind} has no flag "{shown(name)}"{hint}'
    return ""


def _wrong_value(value: FlagValue | None) -> str:
    return "has no value; leave it out" if str(value).strip() == "" else ""


def _program(kind: Kind) -> Path | None:
    try:
        return find(kind)
    except NotStarted:
        return None  # what is wrong with the folder of programs is said where they are needed


@cache
def _help(program: Path) -> tuple[str, ...]:
    """Return the flags that a program names; none if it does not say."""
    try:
        said = ask([program, "--help"], ASK_S)
    except OSError:
        return ()
    return tuple(dict.fromkeys(_LISTED.findall(said.out + said.err)))


@cache
def _refusal(program: Path, *arguments: str) -> str:
    """Return what a program says against its arguments; nothing if it takes them.

    With --help as the last of them it only reads them.
    """
    try:
        said = ask([program, *arguments, "--help"], ASK_S)
    except OSError as error:
        return f"{error.strerror}"
    if said.code in {0, None}:
        return ""
    lines = [line for line in (said.out + said.err).splitlines() if line.strip()]
    told = next((line for line in lines if "invalid" in line), "".join(lines[:1]))
    return shown(told.removeprefix("Error: "), _MOST_SAID) or f"exit code {said.code}"


@cache
def _pinned() -> dict[str, tuple[str, ...]]:
    told = json.loads(_PINNED.read_text(encoding="utf-8"))
    return {kind: tuple(names) for kind, names in told["flags"].items()}


def _print_pinned() -> None:
    kinds = [kind for kinds in PROGRAMS.values() for kind in kinds]
    flags = {kind: _help(program) for kind in kinds if (program := find(kind))}
    print(json.dumps({"etcd": ETCD, "kubernetes": KUBERNETES, "flags": flags}, indent=1))


if __name__ == "__main__":
    _print_pinned()
