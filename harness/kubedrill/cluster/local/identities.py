"""Who one is to the cluster: certificates from the start, tokens when the API can give them."""

import json
from pathlib import Path

from kubedrill.client.caller import Caller
from kubedrill.cluster.holders import bearers, holders, token_file
from kubedrill.cluster.local.certificates import Certificates
from kubedrill.cluster.objects import Introduced, service_accounts, token_request
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ETCD_ADMIN, NODE_AUTHORITY, Identity
from kubedrill.wire.pki import write_secret

_TOKEN_LIFETIME_S = 30 * 24 * 3600


def introduce(api: Caller, folder: Path, load_users: int) -> None:
    """Create what every cluster has from the start and fetch the ServiceAccounts' tokens."""
    for path, content in Introduced(load_users).objects():
        _post(api, path, content)
    for name in service_accounts(load_users):
        path, wanted = token_request(name, _TOKEN_LIFETIME_S)
        token = json.loads(_post(api, path, wanted))["status"]["token"]
        write_secret(token_file(folder, name), token.encode())


def identities(
    folder: Path, certificates: Certificates, kubeconfig: Path, load_users: int
) -> dict[str, Identity]:
    """Return the identities as `cluster.json` has them."""
    pairs = {
        **certificates.clients,
        NODE_AUTHORITY: certificates.nodes,
        "scraper": certificates.scraper,
        ETCD_ADMIN: certificates.etcd_admin,
    }
    found = (*holders(pairs, kubeconfig), *bearers(folder, load_users))
    return {identity.name: identity for identity in found}


def _post(api: Caller, path: str, content: object) -> bytes:
    answer = api.call("POST", path, content)
    if answer.status != 201:
        said = answer.body[:300].decode(errors="replace")
        raise NotStarted(f"the API refused POST {path}: {answer.status} {said}")
    return answer.body
