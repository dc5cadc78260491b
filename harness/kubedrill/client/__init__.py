"""What all who talk to the API share, above the raw connection: callers, pools, retries, watches."""
