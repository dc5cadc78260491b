"""Fleet: what a pod uses beside its images: ConfigMaps and Secrets, and the token of its ServiceAccount."""

from collections.abc import Iterator
from typing import Any, Literal

from kubedrill.client.informer import Object

ReferredKind = Literal["configmaps", "secrets"]
Reference = tuple[ReferredKind, str, str]
"""What a pod uses: kind, namespace, name."""
_REFERRING: dict[str, ReferredKind] = {
    "configMap": "configmaps",
    "configMapRef": "configmaps",
    "configMapKeyRef": "configmaps",
    "secret": "secrets",
    "secretRef": "secrets",
    "secretKeyRef": "secrets",
}


def has_token(spec: Object) -> bool:
    """Whether a pod is given a token."""
    sources = [
        source
        for volume in spec.get("volumes", ())
        for source in volume.get("projected", {}).get("sources", ())
    ]
    return any("serviceAccountToken" in source for source in sources)


def mounted(spec: Object, namespace: str) -> Iterator[Reference]:
    """Yield the ConfigMaps and Secrets that a pod's volumes and pulls name: read ever again."""
    yield from _named(spec.get("volumes", ()), namespace)
    for secret in spec.get("imagePullSecrets", ()):
        yield "secrets", namespace, secret["name"]


def read(spec: Object, namespace: str) -> Iterator[Reference]:
    """Yield those that its containers' environments name: read when they start."""
    yield from _named([spec.get("initContainers", ()), spec["containers"]], namespace)


def _named(parts: Any, namespace: str) -> Iterator[Reference]:
    for key, named in _inside(parts):
        kind = _REFERRING.get(key)
        name = named.get("secretName") or named.get("name")
        if kind and name:
            yield kind, namespace, name


def _inside(part: Any) -> Iterator[tuple[str, Object]]:
    """Yield every mapping within a part of an object, with its key."""
    if isinstance(part, dict):
        for key, value in part.items():
            if isinstance(value, dict):
                yield key, value
            yield from _inside(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _inside(value)
