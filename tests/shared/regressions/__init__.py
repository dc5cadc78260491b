"""Planted regressions: short runs of a real load against a server that is slower by what is known."""
