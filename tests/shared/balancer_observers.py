"""Who sees from outside to which apiservers the load balancer sends connections, and which it ends."""

import socket
import ssl
from pathlib import Path

from fault_observers import PATIENT_S

from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.target import client_tls


class Served:
    """Sees by whose certificate answers come through the load balancer to whom it sends connections."""

    ROUNDS = 4

    def __init__(self, cluster: ClusterRecord) -> None:
        self.cluster = cluster

    def close(self) -> None:
        """Hold nothing."""

    def hit(self, target: str) -> bool:
        """Whether none of several connections reaches it."""
        return self._certificate(target) not in self._seen()

    def well(self, target: str) -> bool:
        """Whether one does."""
        return self._certificate(target) in self._seen()

    def _seen(self) -> set[str]:
        balancer = (self.cluster.balancer.host, self.cluster.balancer.port)
        rounds = range(self.ROUNDS * len(self.cluster.zones))
        return {ssl.get_server_certificate(balancer, timeout=PATIENT_S) for _ in rounds}

    def _certificate(self, target: str) -> str:
        """Return the first certificate in the file of the apiserver of a target's zone."""
        file = f"pki/apiserver-{target.removeprefix('apiservers/')}.crt"
        text = (Path(self.cluster.folder) / file).read_text()
        end = "-----END CERTIFICATE-----\n"
        return text[: text.index(end) + len(end)]


class Kept(Served):
    """Sees what becomes of connections that it holds through the load balancer, a few to each apiserver."""

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        opened = [self._open() for _ in range(self.ROUNDS * len(cluster.zones))]
        self._held = {connection: self._server(connection) for connection in opened}

    def close(self) -> None:
        """Close them."""
        for connection in self._held:
            connection.close()

    def hit(self, target: str) -> bool:
        """Whether those to it have ended, and no other."""
        wanted = self._certificate(target)
        assert wanted in self._held.values()
        return all(
            self._has_ended(connection) == (server == wanted)
            for connection, server in self._held.items()
        )

    def _open(self) -> ssl.SSLSocket:
        balancer = (self.cluster.balancer.host, self.cluster.balancer.port)
        context = client_tls(self.cluster.ca_file)
        plain = socket.create_connection(balancer, PATIENT_S)
        return context.wrap_socket(plain, server_hostname=self.cluster.server_name)

    @staticmethod
    def _server(connection: ssl.SSLSocket) -> str:
        certificate = connection.getpeercert(binary_form=True)
        assert certificate
        return ssl.DER_cert_to_PEM_cert(certificate)

    @staticmethod
    def _has_ended(connection: ssl.SSLSocket) -> bool:
        """Whether the other side has closed it: nothing that it sends unasked can be read any more."""
        connection.settimeout(0.05)
        try:
            while connection.recv(4096):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True
