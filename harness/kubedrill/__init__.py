"""kubedrill: load and chaos drills on a real Kubernetes control plane."""

from importlib.metadata import version

__version__ = version("kubedrill")
