"""The raw HTTP client and its errors, below all stages."""
