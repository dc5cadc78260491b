"""What a locustfile builds on."""
