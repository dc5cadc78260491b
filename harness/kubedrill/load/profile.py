"""Load: a profile's file, and the one user class in it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from kubedrill.load.user import KubernetesUser


def load_profile(path: Path) -> tuple[ModuleType, type[KubernetesUser]]:
    """Return a profile's module and its one concrete KubernetesUser; ValueError if it has not one."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    users = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, KubernetesUser) and not value.abstract
    ]
    if len(users) != 1:
        raise ValueError(f"needs one concrete subclass of KubernetesUser, has {len(users)}")
    return module, users[0]
