"""An authority that is kept goes on signing; any other is never written down."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from kubedrill.wire.pki import Authority, Issuer, Pair


def names(certificate: x509.Certificate) -> tuple[str, str]:
    subject = certificate.subject
    of = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    name, group = (subject.get_attributes_for_oid(kind)[0].value for kind in of)
    return str(name), str(group)


def test_one_that_is_kept_goes_on_signing(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "nodes")
    kept = authority.keep()
    assert kept.key.stat().st_mode & 0o777 == 0o600
    pem = Issuer.read(kept).client_pem("system:node:n-1", "system:nodes")
    certificate = x509.load_pem_x509_certificate(pem)
    assert names(certificate) == ("system:node:n-1", "system:nodes")
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))
    (tmp_path / "n-1.pem").write_bytes(pem)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(tmp_path / "n-1.pem")


def test_any_other_is_never_written_down(tmp_path: Path) -> None:
    Authority(tmp_path, "servers").server("etcd-a", ("127.0.0.1",))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "etcd-a.crt",
        "etcd-a.key",
        "servers-ca.crt",
    ]


def test_what_is_no_authority_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "nodes").keep()
    authority.key.write_text("nothing")
    with pytest.raises(ValueError, match="PEM"):
        Issuer.read(authority)
    with pytest.raises(FileNotFoundError):
        Issuer.read(Pair(authority.certificate, tmp_path / "none.key"))
