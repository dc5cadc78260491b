"""Stage: the provider interface and the supervising daemon."""
