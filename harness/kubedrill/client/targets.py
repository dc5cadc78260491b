"""Client: which server answered, by the certificate that it showed.

Behind a load balancer that does not end TLS, it is the only sign that every server gives.
"""

from collections.abc import Callable, Mapping
from typing import Any

UNKNOWN = 0
NAMELESS = "server"
LARGEST = 255
"""The record's field has 8 bits."""


class Targets:
    """Servers, by number: 0 for one that is not known."""

    def __init__(self) -> None:
        self.names = ["unknown"]
        self._numbers: dict[bytes, int] = {}

    def number(self, certificate: bytes, fields: Callable[[], Mapping[str, Any]]) -> int:
        """Return the number of the server with that certificate (DER; its fields as ssl names them)."""
        known = self._numbers.get(certificate)
        if known is None:
            known = self._numbers[certificate] = self._add(certificate, fields())
        return known

    def _add(self, certificate: bytes, fields: Mapping[str, Any]) -> int:
        if not certificate or len(self.names) > LARGEST:
            return UNKNOWN
        name, serial = _read(fields) if fields else _decoded(certificate)
        # Servers that were all given one name still have serial numbers of their own.
        self.names.append(f"{name} {serial:x}"[:60] if name in self.names else name)
        return len(self.names) - 1


def _read(fields: Mapping[str, Any]) -> tuple[str, int]:
    """Return common name and serial number."""
    subject = dict(pair for part in fields.get("subject", ()) for pair in part)
    return subject.get("commonName", NAMELESS), int(fields["serialNumber"], 16)


def _decoded(certificate: bytes) -> tuple[str, int]:
    # Takes 8 MB, and is needed only where nothing is verified: ssl has no fields then.
    from cryptography import x509

    read = x509.load_der_x509_certificate(certificate)
    common = read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common[0].value) if common else NAMELESS, read.serial_number
