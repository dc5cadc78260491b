"""Load: which server answered, by the certificate that it showed.

Behind a load balancer that does not end TLS, it is the only sign that every server gives.
"""

from cryptography import x509
from cryptography.x509.oid import NameOID

UNKNOWN = 0
LARGEST = 255
"""The record's field has 8 bits."""


class Targets:
    """Servers, by number: 0 for one that is not known."""

    def __init__(self) -> None:
        self.names = ["unknown"]
        self._numbers: dict[bytes, int] = {}

    def number(self, certificate: bytes) -> int:
        """Return the number of the server with that certificate (DER)."""
        known = self._numbers.get(certificate)
        if known is None:
            known = self._numbers[certificate] = self._add(certificate)
        return known

    def _add(self, certificate: bytes) -> int:
        if not certificate or len(self.names) > LARGEST:
            return UNKNOWN
        self.names.append(self._name(certificate))
        return len(self.names) - 1

    def _name(self, certificate: bytes) -> str:
        read = x509.load_der_x509_certificate(certificate)
        common = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = str(common[0].value) if common else "server"
        # Servers that were all given one name still have serial numbers of their own.
        return f"{name} {read.serial_number:x}"[:60] if name in self.names else name
