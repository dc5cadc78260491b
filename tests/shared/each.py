"""What says to tests that each process which plays them has a control plane of its own, and may break it."""

EACH = "TESTS_CLUSTER_EACH"
"""The environment variable."""
