"""ConfigMaps made at a rate, of any size, in any number of namespaces; or updated again and again.

    locust -f loadprofiles/configmap_flood.py --rate 100 --size 4096

What it costs the server, and which claims it is for: docs/profiles/floods.md.
"""

from typing import ClassVar

from kubedrill.load.flood import Flood, text
from kubedrill.load.template import Object


class ConfigMapFlood(Flood):
    """Makes a ConfigMap, each time an arrival is due."""

    resource = "configmaps"
    permissions: ClassVar = {"namespaces": "create", "configmaps": "create, update"}

    def content(self, data: bytes) -> Object:
        """Return a ConfigMap's data."""
        return {"kind": "ConfigMap", "data": {"value": text(data)}}
