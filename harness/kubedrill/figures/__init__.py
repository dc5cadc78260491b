"""The arithmetic on samples that judge and report share."""
