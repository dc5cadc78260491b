"""Load: where resources stand in the API, and what their lists are called."""

CORE, APPS, BATCH = "v1", "apps/v1", "batch/v1"

BUILT_IN = {
    "configmaps": (CORE, "ConfigMapList"),
    "cronjobs": (BATCH, "CronJobList"),
    "daemonsets": (APPS, "DaemonSetList"),
    "deployments": (APPS, "DeploymentList"),
    "endpoints": (CORE, "EndpointsList"),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSliceList"),
    "events": (CORE, "EventList"),
    "jobs": (BATCH, "JobList"),
    "leases": ("coordination.k8s.io/v1", "LeaseList"),
    "namespaces": (CORE, "NamespaceList"),
    "nodes": (CORE, "NodeList"),
    "persistentvolumeclaims": (CORE, "PersistentVolumeClaimList"),
    "persistentvolumes": (CORE, "PersistentVolumeList"),
    "pods": (CORE, "PodList"),
    "replicasets": (APPS, "ReplicaSetList"),
    "secrets": (CORE, "SecretList"),
    "serviceaccounts": (CORE, "ServiceAccountList"),
    "services": (CORE, "ServiceList"),
    "statefulsets": (APPS, "StatefulSetList"),
}
"""Plural: group and version, and the kind of its lists."""

CLUSTER_WIDE = frozenset({"namespaces", "nodes", "persistentvolumes"})


def path_of(resource: str, api: str, namespace: str) -> str:
    """Return the path of a resource; `api` is its group and version, `namespace` empty for all."""
    base = f"/api/{api}" if "/" not in api else f"/apis/{api}"
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{within}/{resource}"
