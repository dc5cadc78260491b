"""Which server answered is read from its certificate, verified or not, and is the same either way."""

import ssl

import pytest
from behaving_server import SERVER_NAME, BehavingServer, Certificate

from kubedrill.client.targets import Targets
from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import Endpoint
from kubedrill.wire.connection import Connection
from kubedrill.wire.target import Target, client_tls


def connect(server: BehavingServer, certificate: Certificate, verified: bool) -> Connection:
    tls = client_tls(str(certificate.certificate))
    if not verified:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    target = Target(Endpoint("127.0.0.1", server.port), SERVER_NAME, tls)
    return Connection.open(target, now() + 5 * SECOND)


@pytest.fixture
def certificates(certificate, tmp_path):
    return certificate, Certificate.create(tmp_path)


@pytest.mark.parametrize("verified", [True, False])
def test_servers_of_one_name_are_told_apart(certificates, verified):
    targets, numbers = Targets(), []
    for certificate in (*certificates, *certificates):
        server = BehavingServer(certificate)
        connection = connect(server, certificate, verified)
        assert bool(connection.certificate_fields()) is verified
        numbers.append(targets.number(connection.certificate(), connection.certificate_fields))
        connection.close()
        server.close()
    assert numbers == [1, 2, 1, 2]
    unknown, first, second = targets.names
    assert (unknown, first) == ("unknown", SERVER_NAME)
    assert second == f"{SERVER_NAME} {serial(certificates[1]):x}"


def serial(certificate: Certificate) -> int:
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate.certificate.read_bytes()).serial_number
