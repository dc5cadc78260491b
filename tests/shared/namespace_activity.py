"""A fault that is an activity: a namespace is made with chaostoolkit-kubernetes, and removed again."""

from typing import Any


def makes(namespace: str) -> dict[str, Any]:
    """Return it as it stands in an experiment."""
    return {
        "activity": _action("make it", "create_namespace", namespace),
        "rollback": _action("remove it", "delete_namespace", namespace),
    }


def _action(name: str, function: str, namespace: str) -> dict[str, Any]:
    provider = {"type": "python", "module": "chaosk8s.namespace.actions", "func": function}
    return {
        "type": "action",
        "name": name,
        "provider": provider | {"arguments": {"name": namespace}},
    }
