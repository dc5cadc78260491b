"""Stage: watch from outside; one process a file."""
