"""Secrets made at a rate, of any size, in any number of namespaces; or updated again and again.

    locust -f loadprofiles/secret_flood.py --rate 100 --size 1024

What it costs the server, and which claims it is for: docs/profiles/floods.md.
"""

from typing import ClassVar

from kubedrill.load.flood import Flood, encoded
from kubedrill.load.template import Object


class SecretFlood(Flood):
    """Makes a secret, each time an arrival is due."""

    resource = "secrets"
    permissions: ClassVar = {"namespaces": "create", "secrets": "create, update"}

    def content(self, data: bytes) -> Object:
        """Return a secret's data."""
        return {"kind": "Secret", "type": "Opaque", "data": {"value": encoded(data)}}
