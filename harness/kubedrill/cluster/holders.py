"""Who holds a certificate of a cluster's, and who a token: the identities as `cluster.json` has them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kubedrill.cluster.objects import service_accounts
from kubedrill.record.cluster import AUDITOR, BREAK_GLASS, FLEET, INJECTOR, Identity
from kubedrill.wire.pki import Issuer, Pair

_MASTERS = "system:masters"
_CLIENTS = {
    "admin": ("kubedrill-admin", _MASTERS),
    # As kubeadm's super-admin.conf: it needs no RBAC, and stands in no queue.
    BREAK_GLASS: ("kubedrill-break-glass", _MASTERS),
    "prober": ("kubedrill-prober", None),
    AUDITOR: ("kubedrill-auditor", None),
    INJECTOR: ("kubedrill-injector", None),
    FLEET: ("kubedrill-fleet", None),
}
"""User and group of each client."""
SCRAPER = "kubedrill-scraper"


def issue_clients(authority: Issuer) -> dict[str, Pair]:
    """Issue the certificates of those who talk to the API, by identity; the scraper may need another one."""
    return {name: authority.client(name, *who) for name, who in _CLIENTS.items()}


def holders(pairs: Mapping[str, Pair], kubeconfig: Path) -> Iterator[Identity]:
    """Yield who holds a certificate; the kubeconfig is the administrator's."""
    for name, pair in pairs.items():
        theirs = str(kubeconfig) if name == "admin" else None
        yield Identity(
            name, certificate=str(pair.certificate), key=str(pair.key), kubeconfig=theirs
        )


def bearers(folder: Path, load_users: int) -> Iterator[Identity]:
    """Yield who has a token, below the cluster's folder."""
    for name in service_accounts(load_users):
        yield Identity(name, token_file=str(token_file(folder, name)))


def token_file(folder: Path, name: str) -> Path:
    """Return where a token is."""
    return folder / "pki" / f"{name}.token"
