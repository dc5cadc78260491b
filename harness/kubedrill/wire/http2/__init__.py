"""Wire: HTTP/2: many requests and watches on one TLS connection."""
