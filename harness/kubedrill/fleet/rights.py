"""Fleet: what one must be allowed in a cluster of somebody else's, for nodes to come and go there."""

from kubedrill.fleet.identity import GROUP, user_of
from kubedrill.record.fleet import Fleet
from kubedrill.record.rights import Right

SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
"""Who signs certificates of nodes: the controller-manager's."""
CERTIFICATES = "certificates.k8s.io"
_REQUESTS = "certificatesigningrequests"


def certificate_rights() -> list[Right]:
    """Return what one must be allowed who gives nodes certificates of the cluster."""
    return [
        *(Right(verb, _REQUESTS, CERTIFICATES) for verb in ("create", "get", "delete")),
        Right("update", f"{_REQUESTS}/approval", CERTIFICATES),
        Right("approve", "signers", CERTIFICATES, SIGNER),
    ]


def impersonation_rights(node: str) -> list[Right]:
    """Return what one must be allowed who acts in a node's place."""
    return [
        Right("impersonate", "users", name=user_of(node)),
        Right("impersonate", "groups", name=GROUP),
    ]


def taking_rights(fleet: Fleet) -> list[Right]:
    """Return what one must be allowed who takes a fleet's nodes away again."""
    nodes = [Right(verb, "nodes") for verb in ("list", "watch", "delete", "deletecollection")]
    return [*nodes, Right("create", "pods/eviction")] if fleet.replace else nodes
