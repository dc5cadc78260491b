"""Stage: objects created before the load, and swept after it."""
