"""Informers as client-go has them: a stream or a LIST, then a watch; resumed, or begun anew when Gone.

    locust -f loadprofiles/informer.py --rate 20 --clients 500

What it costs the server, and which claims it is for: docs/profiles/watches.md.
"""

from typing import ClassVar

from kubedrill.load.informer import InformerClients, InformerParameters


class Informer(InformerClients):
    """Writes to a collection, while informers keep up with it."""

    parameters = InformerParameters
    permissions: ClassVar = {"namespaces": "create", "configmaps": "create, update, list, watch"}
