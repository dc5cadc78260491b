"""nginx as a static TLS server: 1 KB with an apiserver's headers, and files of many MB."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.static_server import BODY, HEADERS, HOST, StaticServer, free_port, running
from kubedrill.wire.pki import Authority

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_requests 1000000;
    server {{
        listen {host}:{port} ssl http2;
        ssl_certificate {pem};
        ssl_certificate_key {pem};
        root {folder}/files;
        location = / {{
            {headers}
            return 200 {body};
        }}
    }}
}}
"""


def installed() -> str | None:
    """Return where nginx is."""
    return shutil.which("nginx")


@contextmanager
def file_server(folder: Path, sizes: Sequence[int]) -> Iterator[StaticServer]:
    """Serve 1 KB at /, and files named after their sizes, of so many MB; RuntimeError without it."""
    authority = Authority(folder, "benchmark")
    pair = authority.server("server", (HOST,))
    pem = folder / "server.pem"
    pem.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    (folder / "files").mkdir()
    for size in sizes:
        (folder / "files" / str(size)).write_bytes(b"x" * (size * 10**6))
    port = free_port()
    config = folder / "nginx.conf"
    # As root its workers are somebody else, who may not look into this folder.
    user = "user root;" if Path(folder).owner() == "root" else ""
    # It sends a Date by itself.
    headers = " ".join(f'add_header {n} "{v}";' for n, v in HEADERS.items() if n != "Date")
    config.write_text(
        _CONFIG.format(
            folder=folder,
            host=HOST,
            port=port,
            pem=pem,
            user=user,
            headers=headers,
            body="x" * BODY,
        )
    )
    program = installed() or "nginx"
    with running([program, "-p", str(folder), "-c", str(config)], port):
        yield StaticServer(port, authority.file, folder)
