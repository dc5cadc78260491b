"""Where resources of the API stand in it, and what their lists are called."""

CORE, APPS, BATCH = "v1", "apps/v1", "batch/v1"
RBAC = "rbac.authorization.k8s.io/v1"
STORAGE = "storage.k8s.io/v1"
NETWORKING = "networking.k8s.io/v1"
ADMISSION = "admissionregistration.k8s.io/v1"
RESOURCE = "resource.k8s.io/v1"
FLOWCONTROL = "flowcontrol.apiserver.k8s.io/v1"

BUILT_IN = {
    "apiservices": ("apiregistration.k8s.io/v1", "APIServiceList"),
    "certificatesigningrequests": ("certificates.k8s.io/v1", "CertificateSigningRequestList"),
    "clusterrolebindings": (RBAC, "ClusterRoleBindingList"),
    "clusterroles": (RBAC, "ClusterRoleList"),
    "configmaps": (CORE, "ConfigMapList"),
    "controllerrevisions": (APPS, "ControllerRevisionList"),
    "cronjobs": (BATCH, "CronJobList"),
    "csidrivers": (STORAGE, "CSIDriverList"),
    "csinodes": (STORAGE, "CSINodeList"),
    "csistoragecapacities": (STORAGE, "CSIStorageCapacityList"),
    "customresourcedefinitions": ("apiextensions.k8s.io/v1", "CustomResourceDefinitionList"),
    "daemonsets": (APPS, "DaemonSetList"),
    "deployments": (APPS, "DeploymentList"),
    "deviceclasses": (RESOURCE, "DeviceClassList"),
    "endpoints": (CORE, "EndpointsList"),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSliceList"),
    "events": (CORE, "EventList"),
    "flowschemas": (FLOWCONTROL, "FlowSchemaList"),
    "horizontalpodautoscalers": ("autoscaling/v2", "HorizontalPodAutoscalerList"),
    "ingressclasses": (NETWORKING, "IngressClassList"),
    "ingresses": (NETWORKING, "IngressList"),
    "ipaddresses": (NETWORKING, "IPAddressList"),
    "jobs": (BATCH, "JobList"),
    "leases": ("coordination.k8s.io/v1", "LeaseList"),
    "limitranges": (CORE, "LimitRangeList"),
    "mutatingwebhookconfigurations": (ADMISSION, "MutatingWebhookConfigurationList"),
    "namespaces": (CORE, "NamespaceList"),
    "networkpolicies": (NETWORKING, "NetworkPolicyList"),
    "nodes": (CORE, "NodeList"),
    "persistentvolumeclaims": (CORE, "PersistentVolumeClaimList"),
    "persistentvolumes": (CORE, "PersistentVolumeList"),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudgetList"),
    "pods": (CORE, "PodList"),
    "podtemplates": (CORE, "PodTemplateList"),
    "priorityclasses": ("scheduling.k8s.io/v1", "PriorityClassList"),
    "prioritylevelconfigurations": (FLOWCONTROL, "PriorityLevelConfigurationList"),
    "replicasets": (APPS, "ReplicaSetList"),
    "replicationcontrollers": (CORE, "ReplicationControllerList"),
    "resourceclaims": (RESOURCE, "ResourceClaimList"),
    "resourceclaimtemplates": (RESOURCE, "ResourceClaimTemplateList"),
    "resourcequotas": (CORE, "ResourceQuotaList"),
    "resourceslices": (RESOURCE, "ResourceSliceList"),
    "rolebindings": (RBAC, "RoleBindingList"),
    "roles": (RBAC, "RoleList"),
    "runtimeclasses": ("node.k8s.io/v1", "RuntimeClassList"),
    "secrets": (CORE, "SecretList"),
    "serviceaccounts": (CORE, "ServiceAccountList"),
    "servicecidrs": (NETWORKING, "ServiceCIDRList"),
    "services": (CORE, "ServiceList"),
    "statefulsets": (APPS, "StatefulSetList"),
    "storageclasses": (STORAGE, "StorageClassList"),
    "validatingadmissionpolicies": (ADMISSION, "ValidatingAdmissionPolicyList"),
    "validatingadmissionpolicybindings": (ADMISSION, "ValidatingAdmissionPolicyBindingList"),
    "validatingwebhookconfigurations": (ADMISSION, "ValidatingWebhookConfigurationList"),
    "volumeattachments": (STORAGE, "VolumeAttachmentList"),
    "volumeattributesclasses": (STORAGE, "VolumeAttributesClassList"),
}
"""Plural: group and version, and the kind of its lists."""

CLUSTER_WIDE = frozenset(
    {
        "apiservices",
        "certificatesigningrequests",
        "clusterrolebindings",
        "clusterroles",
        "csidrivers",
        "csinodes",
        "customresourcedefinitions",
        "deviceclasses",
        "flowschemas",
        "ingressclasses",
        "ipaddresses",
        "mutatingwebhookconfigurations",
        "namespaces",
        "nodes",
        "persistentvolumes",
        "priorityclasses",
        "prioritylevelconfigurations",
        "resourceslices",
        "runtimeclasses",
        "servicecidrs",
        "storageclasses",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
        "volumeattachments",
        "volumeattributesclasses",
    }
)


def path_of(resource: str, api: str, namespace: str) -> str:
    """Return the path of a resource; `api` is its group and version, `namespace` empty for all."""
    base = f"/api/{api}" if "/" not in api else f"/apis/{api}"
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{within}/{resource}"
