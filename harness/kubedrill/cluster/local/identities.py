"""Who one is to the cluster: certificates from the start, tokens when the API can give them."""

import json
from collections.abc import Iterator
from pathlib import Path

from kubedrill.client.caller import Caller
from kubedrill.cluster.local.certificates import Certificates
from kubedrill.cluster.objects import Introduced, service_accounts, token_request
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import BREAK_GLASS, FLEET, INJECTOR, NODE_AUTHORITY, Identity
from kubedrill.wire.pki import Pair, write_secret

_TOKEN_LIFETIME_S = 30 * 24 * 3600


def introduce(api: Caller, folder: Path, load_users: int) -> None:
    """Create what every cluster has from the start and fetch the ServiceAccounts' tokens."""
    for path, content in Introduced(load_users).objects():
        _post(api, path, content)
    for name in service_accounts(load_users):
        path, wanted = token_request(name, _TOKEN_LIFETIME_S)
        token = json.loads(_post(api, path, wanted))["status"]["token"]
        write_secret(_token_file(folder, name), token.encode())


def identities(
    folder: Path, certificates: Certificates, kubeconfig: Path, load_users: int
) -> dict[str, Identity]:
    """Return the identities as `cluster.json` has them."""
    of_certificates = {
        BREAK_GLASS: certificates.break_glass,
        "prober": certificates.prober,
        "auditor": certificates.auditor,
        INJECTOR: certificates.injector,
        FLEET: certificates.fleet,
        NODE_AUTHORITY: certificates.nodes,
        "scraper": certificates.scraper,
        "etcd-admin": certificates.etcd_admin,
    }
    admin = _holder("admin", certificates.admin, kubeconfig)
    holders = [_holder(name, pair) for name, pair in of_certificates.items()]
    return {
        identity.name: identity for identity in [admin, *holders, *_bearers(folder, load_users)]
    }


def _bearers(folder: Path, load_users: int) -> Iterator[Identity]:
    for name in service_accounts(load_users):
        yield Identity(name, token_file=str(_token_file(folder, name)))


def _holder(name: str, pair: Pair, kubeconfig: Path | None = None) -> Identity:
    return Identity(
        name,
        certificate=str(pair.certificate),
        key=str(pair.key),
        kubeconfig=str(kubeconfig) if kubeconfig else None,
    )


def _token_file(folder: Path, name: str) -> Path:
    return folder / "pki" / f"{name}.token"


def _post(api: Caller, path: str, content: object) -> bytes:
    answer = api.call("POST", path, content)
    if answer.status != 201:
        said = answer.body[:300].decode(errors="replace")
        raise NotStarted(f"the API refused POST {path}: {answer.status} {said}")
    return answer.body
